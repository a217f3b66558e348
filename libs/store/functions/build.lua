-- SPDX-License-Identifier: Apache-2.0
-- A request's way to its end: pending → offered → running → complete, and back when a claim fails.
-- The nonce of the offer is the fence: whoever writes must know the current one.

local function request_key(prefix, id) return prefix .. 'request:' .. id end
local function build_key(prefix, id) return prefix .. 'build:' .. id end

-- Frees what a claim held on its worker.
local function free_slot(prefix, id, worker, slot)
  redis.call('HDEL', prefix .. 'slots:' .. worker, slot)
  redis.call('ZREM', prefix .. 'offers', id)
end

-- Back to the queue, to its old place (its id orders it).
local function make_pending(transition, id, ids)
  redis.call('HSET', request_key(transition.prefix, id), 'state', 'pending')
  redis.call('HDEL', request_key(transition.prefix, id), 'nonce', 'worker', 'session', 'slot', 'config')
  emit(transition, 'request.pending', ids, '')
end

-- offer(config_version, ttl_ms, nonce, count, (request, worker, session, slots, max_per_worker) × count):
-- takes the first pair that holds. Nothing is told to anybody: the offer is between this dispatcher and
-- the worker until it is accepted.
-- value: {index of the pair from 1, slot directory}; refused 'none' when no pair holds
define('offer', function(prefix, args)
  local version, ttl, nonce = take_int(args, 1), take_int(args, 1), take_hex(args, 32)
  local count = take_int(args, 1, LIMITS.pairs)
  local pairs_ = {}
  for i = 1, count do
    pairs_[i] = { request = take_int(args, 1), worker = take_name(args, 'a worker'), session = take_int(args, 1),
      slots = take_int(args, 1, 10000), max_per_worker = take_int(args, 1, 1000) }
    if args.bad then break end
  end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = wrong_config(prefix, version)
  if refused then return refused end

  for i, pair in ipairs(pairs_) do
    local id = whole(pair.request)
    local r = redis.call('HMGET', request_key(prefix, id), 'state', 'builder')
    local w = redis.call('HMGET', prefix .. 'worker:' .. pair.worker, 'session', 'connected')
    local slots = prefix .. 'slots:' .. pair.worker
    if r[1] == 'pending' and w[1] == whole(pair.session) and w[2] == '1'
      and redis.call('HLEN', slots) < pair.slots then
      local slot = nil
      for n = 1, pair.max_per_worker do
        local name = n == 1 and r[2] or (r[2] .. '~' .. n)
        if redis.call('HEXISTS', slots, name) == 0 then
          slot = name
          break
        end
      end
      if slot then
        local transition = begin(prefix, args)
        redis.call('HSET', request_key(prefix, id), 'state', 'offered', 'nonce', nonce, 'worker', pair.worker,
          'session', whole(pair.session), 'slot', slot, 'config', whole(version))
        redis.call('HSET', slots, slot, id)
        redis.call('ZADD', prefix .. 'offers', lease_end(prefix, 'workers', transition.now, ttl), id)
        return done(transition, { i, slot })
      end
    end
  end
  return refuse('none: no pair holds')
end)

-- accept(request, nonce, worker, session, body): body is the Build as it starts.
-- value: {build, number, started_ms, attempt}; a repeat answers the same
define('accept', function(prefix, args)
  local id, nonce = whole(take_int(args, 1)), take_hex(args, 32)
  local worker, session, body = take_name(args, 'a worker'), whole(take_int(args, 1)), take_map(args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local r = redis.call('HMGET', request_key(prefix, id), 'state', 'nonce', 'worker', 'builder', 'attempts', 'build', 'bsid')
  if r[2] ~= nonce or r[3] ~= worker then return refuse('fenced: the offer of request ' .. id .. ' is no more') end
  if redis.call('HGET', prefix .. 'worker:' .. worker, 'session') ~= session then
    return refuse('session: ' .. session .. ' is not the current session of ' .. worker)
  end
  local transition = begin(prefix, args)
  if r[1] == 'running' then
    local b = redis.call('HMGET', build_key(prefix, r[6]), 'number', 'at')
    return done(transition, { tonumber(r[6]), tonumber(b[1]), tonumber(b[2]), tonumber(r[5]) })
  end

  local build = redis.call('HINCRBY', prefix .. 'ids', 'build', 1)
  local number = redis.call('HINCRBY', prefix .. 'numbers', r[4], 1)
  local attempt = redis.call('HINCRBY', request_key(prefix, id), 'attempts', 1)
  redis.call('HSET', request_key(prefix, id), 'state', 'running', 'build', whole(build), 'session', session)
  redis.call('ZREM', prefix .. 'offers', id)
  redis.call('HSET', build_key(prefix, whole(build)), 'request', id, 'number', whole(number), 'builder', r[4], 'attempt', attempt,
    'at', whole(transition.now), 'nonce', nonce, 'worker', worker, 'sequence', 0, 'body', body)
  emit(transition, 'build.new.' .. r[4], { buildid = build, number = number, request = tonumber(id), attempt = attempt,
    bsid = tonumber(r[7]) }, body)
  return done(transition, { build, number, transition.now, attempt })
end)

-- Whether a worker's session has ended, so that what it held can be given away. A newer session ends it when
-- the worker has spoken in the newer one: a hello alone may be late.
local function session_is_over(prefix, worker, session)
  local w = redis.call('HMGET', prefix .. 'worker:' .. worker, 'session', 'connected', 'spoken')
  return w[1] ~= session and (w[2] ~= '1' or w[3] == w[1])
end

-- release(request, nonce, why): an offer goes back to the queue. why: 'refused' by its worker; 'expired'
-- (the lease clock says so); 'orphan' (the worker has another session by now, or is lost).
-- value: {}
define('release', function(prefix, args)
  local id, nonce = whole(take_int(args, 1)), take_hex(args, 32)
  local why = take_choice(args, { 'refused', 'expired', 'orphan' })
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local r = redis.call('HMGET', request_key(prefix, id), 'state', 'nonce', 'worker', 'slot', 'session')
  if r[1] ~= 'offered' or r[2] ~= nonce then return refuse('fenced: request ' .. id .. ' has no such offer') end
  if why == 'expired' then
    local deadline = tonumber(redis.call('ZSCORE', prefix .. 'offers', id) or '0')
    if deadline > lease_clock(prefix, 'workers') then return refuse('early: the offer of request ' .. id .. ' holds') end
  elseif why == 'orphan' and not session_is_over(prefix, r[3], r[5]) then
    return refuse('early: the session of the offer is current')
  end

  local transition = begin(prefix, args)
  free_slot(prefix, id, r[3], r[4])
  make_pending(transition, id, { request = tonumber(id) })
  return done(transition, {})
end)

-- The end of a build: its live keys go, one blob stays; events in order.
local function end_build(transition, id, r, results, body)
  local prefix = transition.prefix
  local b = redis.call('HMGET', build_key(prefix, r.build), 'number', 'attempt', 'at')
  local number, attempt = tonumber(b[1]), tonumber(b[2])
  redis.call('DEL', build_key(prefix, r.build), prefix .. 'answers:' .. r.build)
  redis.call('HSET', prefix .. 'builds', r.build,
    cmsgpack.pack({ number, tonumber(id), attempt, tonumber(b[3]), transition.now, results, body }))
  redis.call('ZADD', prefix .. 'logs_to_move', whole(transition.now), r.build)
  free_slot(prefix, id, r.worker, r.slot)
  -- The verdict of the nearest earlier build that was not RETRY, for reporters; -1: none.
  local last = redis.call('HMGET', prefix .. 'last:' .. r.builder, 'number', 'results')
  local newer = not last[1] or number > tonumber(last[1])
  local previous = newer and last[2] and tonumber(last[2]) or -1
  if newer and results ~= RESULTS.retry then
    redis.call('HSET', prefix .. 'last:' .. r.builder, 'number', whole(number), 'results', results)
  end
  emit(transition, 'build.finished.' .. r.builder, { buildid = tonumber(r.build), number = number, request = tonumber(id),
    attempt = attempt, results = results, bsid = tonumber(r.bsid), started = tonumber(b[3]), previous = previous }, body)
  if results == RESULTS.retry then
    redis.call('HDEL', request_key(prefix, id), 'build')
    make_pending(transition, id, { request = tonumber(id), buildid = tonumber(r.build) })
  else
    complete_request(transition, id, r.bsid, results)
  end
end

local function read_claim(prefix, id)
  local r = redis.call('HMGET', request_key(prefix, id), 'state', 'nonce', 'worker', 'slot', 'session', 'build', 'builder', 'bsid',
    'attempts', 'wanted')
  return { state = r[1], nonce = r[2], worker = r[3], slot = r[4], session = r[5], build = r[6], builder = r[7], bsid = r[8],
    attempts = tonumber(r[9] or '0'), wanted = r[10] }
end

-- progress(request, nonce, sequence, count, item …): applies exactly the next report of a build.
--   'step', number, finished 0|1, body (StepRecord)   'properties', body (Build with all its properties)
--   'finish', results, body (whole Build), only as the last item
-- value: {last sequence applied, 1 when the build has ended}; a repeat answers without applying
define('progress', function(prefix, args)
  local id, nonce, sequence = whole(take_int(args, 1)), take_hex(args, 32), take_int(args, 1)
  local count = take_int(args, 1, LIMITS.items)
  local items = {}
  for i = 1, count do
    local item = { kind = take_choice(args, { 'step', 'properties', 'finish' }) }
    if item.kind == 'step' then
      item.number, item.finished = take_int(args, 0, LIMITS.steps - 1), take_int(args, 0, 1)
    elseif item.kind == 'finish' then
      item.results = take_int(args, RESULTS.success, RESULTS.cancelled)
      if item.results == RESULTS.retry then broken(args, 'a verdict; only a lost build is retried') end
      if i < count then broken(args, 'finish as the last item') end
    end
    item.body = take_map(args)
    if args.bad then break end
    items[i] = item
  end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local r = read_claim(prefix, id)
  if r.state ~= 'running' or r.nonce ~= nonce then
    return refuse('fenced: request ' .. id .. ' is not running under this nonce')
  end
  local last = tonumber(redis.call('HGET', build_key(prefix, r.build), 'sequence') or '0')
  if sequence > last + 1 then return refuse('gap: report ' .. whole(last + 1) .. ' is next, not ' .. whole(sequence)) end
  local transition = begin(prefix, args)
  if sequence <= last then return done(transition, { last, 0 }) end

  local ended = 0
  redis.call('HSET', build_key(prefix, r.build), 'sequence', whole(sequence))
  for _, item in ipairs(items) do
    if item.kind == 'step' then
      redis.call('HSET', build_key(prefix, r.build), 'step:' .. item.number, item.body)
      emit(transition, (item.finished == 1 and 'step.finished.' or 'step.started.') .. r.builder,
        { buildid = tonumber(r.build), step = item.number }, item.body)
    elseif item.kind == 'properties' then
      redis.call('HSET', build_key(prefix, r.build), 'properties', item.body)
      emit(transition, 'build.properties.' .. r.builder, { buildid = tonumber(r.build) }, item.body)
    else
      end_build(transition, id, r, item.results, item.body)
      ended = 1
    end
  end
  return done(transition, { sequence, ended })
end)

-- build_lost(request, nonce, max_attempts, results, body): the worker of a running build is gone (its
-- session is no longer current). The function decides: wanted cancel → CANCELLED; too many attempts →
-- EXCEPTION; else RETRY and back to the queue. `results` is what the caller read and made `body` for.
-- value: {results}
define('build_lost', function(prefix, args)
  local id, nonce, max_attempts = whole(take_int(args, 1)), take_hex(args, 32), take_int(args, 1, 1000)
  local results, body = take_int(args, RESULTS.exception, RESULTS.cancelled), take_map(args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local r = read_claim(prefix, id)
  if r.state ~= 'running' or r.nonce ~= nonce then
    return refuse('fenced: request ' .. id .. ' is not running under this nonce')
  end
  if not session_is_over(prefix, r.worker, r.session) then
    return refuse('early: the session of the build is current')
  end
  local right = RESULTS.retry
  if r.wanted then right = RESULTS.cancelled elseif r.attempts >= max_attempts then right = RESULTS.exception end
  if results ~= right then return refuse('stale: the verdict is ' .. right .. ', not ' .. results) end

  local transition = begin(prefix, args)
  end_build(transition, id, r, results, body)
  return done(transition, { results })
end)

-- answer(request, nonce, question, value): value is MessagePack of a map; the first writer wins.
-- value: the stored answer
define('answer', function(prefix, args)
  local id, nonce, question, value = whole(take_int(args, 1)), take_hex(args, 32), take_int(args, 1, 1000000), take_map(args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local r = read_claim(prefix, id)
  if r.state ~= 'running' or r.nonce ~= nonce then
    return refuse('fenced: request ' .. id .. ' is not running under this nonce')
  end
  local key = prefix .. 'answers:' .. r.build
  redis.call('HSETNX', key, whole(question), value)
  return { 'ok', redis.call('HGET', key, whole(question)) }
end)

-- claim_read(request): {request, build, buildset}, each a flat list of fields and values as HGETALL gives
-- them; the build is the one that runs, else an empty list.
define_read('claim_read', function(prefix, argv)
  local id = argv[1] or ''
  local request = redis.call('HGETALL', request_key(prefix, id))
  local r = redis.call('HMGET', request_key(prefix, id), 'state', 'build', 'bsid')
  local build = r[1] == 'running' and redis.call('HGETALL', build_key(prefix, r[2])) or {}
  return { request, build, r[3] and redis.call('HGETALL', prefix .. 'buildset:' .. r[3]) or {} }
end)
