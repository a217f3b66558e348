-- SPDX-License-Identifier: Apache-2.0
-- A request's way to its end: pending → offered → running → complete, and back when a claim fails.
-- The nonce of the offer is the fence: whoever writes must know the current one.

local function request_key(P, id) return P .. 'request:' .. id end
local function build_key(P, id) return P .. 'build:' .. id end

-- Frees what a claim held on its worker.
local function free_slot(P, id, worker, slot)
  redis.call('HDEL', P .. 'slots:' .. worker, slot)
  redis.call('ZREM', P .. 'offers', id)
end

-- Back to the queue, to its old place (its id orders it).
local function make_pending(t, id, ids)
  redis.call('HSET', request_key(t.P, id), 'state', 'pending')
  redis.call('HDEL', request_key(t.P, id), 'nonce', 'worker', 'session', 'slot', 'config')
  emit(t, 'request.pending', ids, '')
end

-- offer(config_version, ttl_ms, nonce, count, (request, worker, session, slots, max_per_worker) × count):
-- takes the first pair that holds. Nothing is told to anybody: the offer is between this dispatcher and
-- the worker until it is accepted.
-- value: {index of the pair from 1, slot directory}; refused 'none' when no pair holds
define('offer', function(P, a)
  local version, ttl, nonce = take_int(a, 1), take_int(a, 1), take_hex(a, 32)
  local count = take_int(a, 1, LIMITS.pairs)
  local pairs_ = {}
  for i = 1, count do
    pairs_[i] = { request = take_int(a, 1), worker = take_name(a, 'a worker'), session = take_int(a, 1),
      slots = take_int(a, 1, 10000), most = take_int(a, 1, 1000) }
    if a.bad then break end
  end
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = wrong_config(P, version)
  if refused then return refused end

  for i, pair in ipairs(pairs_) do
    local id = whole(pair.request)
    local r = redis.call('HMGET', request_key(P, id), 'state', 'builder')
    local w = redis.call('HMGET', P .. 'worker:' .. pair.worker, 'session', 'connected')
    local slots = P .. 'slots:' .. pair.worker
    if r[1] == 'pending' and w[1] == whole(pair.session) and w[2] == '1'
      and redis.call('HLEN', slots) < pair.slots then
      local slot = nil
      for n = 1, pair.most do
        local name = n == 1 and r[2] or (r[2] .. '~' .. n)
        if redis.call('HEXISTS', slots, name) == 0 then
          slot = name
          break
        end
      end
      if slot then
        local t = begin(P, a)
        redis.call('HSET', request_key(P, id), 'state', 'offered', 'nonce', nonce, 'worker', pair.worker,
          'session', whole(pair.session), 'slot', slot, 'config', whole(version))
        redis.call('HSET', slots, slot, id)
        redis.call('ZADD', P .. 'offers', lease_clock(P, 'workers') + ttl, id)
        return done(t, { i, slot })
      end
    end
  end
  return no('none: no pair holds')
end)

-- accept(request, nonce, worker, session, body): body is the Build as it starts.
-- value: {build, number, started_ms, attempt}; a repeat answers the same
define('accept', function(P, a)
  local id, nonce = whole(take_int(a, 1)), take_hex(a, 32)
  local worker, session, body = take_name(a, 'a worker'), whole(take_int(a, 1)), take_map(a)
  take_end(a)
  if a.bad then return no(a.bad) end
  local r = redis.call('HMGET', request_key(P, id), 'state', 'nonce', 'worker', 'builder', 'attempts', 'build', 'bsid')
  if r[2] ~= nonce or r[3] ~= worker then return no('fenced: the offer of request ' .. id .. ' is no more') end
  if redis.call('HGET', P .. 'worker:' .. worker, 'session') ~= session then
    return no('session: ' .. session .. ' is not the current session of ' .. worker)
  end
  local t = begin(P, a)
  if r[1] == 'running' then
    local b = redis.call('HMGET', build_key(P, r[6]), 'number', 'at')
    return done(t, { tonumber(r[6]), tonumber(b[1]), tonumber(b[2]), tonumber(r[5]) })
  end

  local build = redis.call('HINCRBY', P .. 'ids', 'build', 1)
  local number = redis.call('HINCRBY', P .. 'numbers', r[4], 1)
  local attempt = redis.call('HINCRBY', request_key(P, id), 'attempts', 1)
  redis.call('HSET', request_key(P, id), 'state', 'running', 'build', whole(build), 'session', session)
  redis.call('ZREM', P .. 'offers', id)
  redis.call('HSET', build_key(P, whole(build)), 'request', id, 'number', whole(number), 'builder', r[4], 'attempt', attempt,
    'at', whole(t.now), 'nonce', nonce, 'worker', worker, 'sequence', 0, 'body', body)
  emit(t, 'build.new.' .. r[4], { buildid = build, number = number, request = tonumber(id), attempt = attempt,
    bsid = tonumber(r[7]) }, body)
  return done(t, { build, number, t.now, attempt })
end)

-- release(request, nonce, why): an offer goes back to the queue. why: 'refused' by its worker; 'expired'
-- (the lease clock says so); 'orphan' (the worker has another session by now, or is lost).
-- value: {}
define('release', function(P, a)
  local id, nonce = whole(take_int(a, 1)), take_hex(a, 32)
  local why = take_choice(a, { 'refused', 'expired', 'orphan' })
  take_end(a)
  if a.bad then return no(a.bad) end
  local r = redis.call('HMGET', request_key(P, id), 'state', 'nonce', 'worker', 'slot', 'session')
  if r[1] ~= 'offered' or r[2] ~= nonce then return no('fenced: request ' .. id .. ' has no such offer') end
  if why == 'expired' then
    local deadline = tonumber(redis.call('ZSCORE', P .. 'offers', id) or '0')
    if deadline > lease_clock(P, 'workers') then return no('early: the offer of request ' .. id .. ' holds') end
  elseif why == 'orphan' and redis.call('HGET', P .. 'worker:' .. r[3], 'session') == r[5] then
    return no('early: the session of the offer is current')
  end

  local t = begin(P, a)
  free_slot(P, id, r[3], r[4])
  make_pending(t, id, { request = tonumber(id) })
  return done(t, {})
end)

-- The end of a build: its live keys go, one blob stays; events in order.
local function end_build(t, id, r, results, body)
  local P = t.P
  local b = redis.call('HMGET', build_key(P, r.build), 'number', 'attempt', 'at')
  local number, attempt = tonumber(b[1]), tonumber(b[2])
  redis.call('DEL', build_key(P, r.build), P .. 'answers:' .. r.build)
  redis.call('HSET', P .. 'builds', r.build,
    cmsgpack.pack({ number, tonumber(id), attempt, tonumber(b[3]), t.now, results, body }))
  redis.call('ZADD', P .. 'logs_to_move', whole(t.now), r.build)
  free_slot(P, id, r.worker, r.slot)
  -- The verdict of the nearest earlier build that was not RETRY, for reporters; -1: none.
  local last = redis.call('HMGET', P .. 'last:' .. r.builder, 'number', 'results')
  local newer = not last[1] or number > tonumber(last[1])
  local previous = newer and last[2] and tonumber(last[2]) or -1
  if newer and results ~= RESULTS.retry then
    redis.call('HSET', P .. 'last:' .. r.builder, 'number', whole(number), 'results', results)
  end
  emit(t, 'build.finished.' .. r.builder, { buildid = tonumber(r.build), number = number, request = tonumber(id),
    attempt = attempt, results = results, bsid = tonumber(r.bsid), started = tonumber(b[3]), previous = previous }, body)
  if results == RESULTS.retry then
    redis.call('HDEL', request_key(P, id), 'build')
    make_pending(t, id, { request = tonumber(id), buildid = tonumber(r.build) })
  else
    complete_request(t, id, r.bsid, results)
  end
end

local function read_claim(P, id)
  local r = redis.call('HMGET', request_key(P, id), 'state', 'nonce', 'worker', 'slot', 'session', 'build', 'builder', 'bsid',
    'attempts', 'wanted')
  return { state = r[1], nonce = r[2], worker = r[3], slot = r[4], session = r[5], build = r[6], builder = r[7], bsid = r[8],
    attempts = tonumber(r[9] or '0'), wanted = r[10] }
end

-- progress(request, nonce, sequence, count, item …): applies exactly the next report of a build.
--   'step', number, finished 0|1, body (StepRecord)   'properties', body (Build with all its properties)
--   'finish', results, body (whole Build), only as the last item
-- value: {last sequence applied, 1 when the build has ended}; a repeat answers without applying
define('progress', function(P, a)
  local id, nonce, sequence = whole(take_int(a, 1)), take_hex(a, 32), take_int(a, 1)
  local count = take_int(a, 1, LIMITS.items)
  local items = {}
  for i = 1, count do
    local item = { kind = take_choice(a, { 'step', 'properties', 'finish' }) }
    if item.kind == 'step' then
      item.number, item.finished = take_int(a, 0, LIMITS.steps - 1), take_int(a, 0, 1)
    elseif item.kind == 'finish' then
      item.results = take_int(a, RESULTS.success, RESULTS.cancelled)
      if item.results == RESULTS.retry then broken(a, 'a verdict; only a lost build is retried') end
      if i < count then broken(a, 'finish as the last item') end
    end
    item.body = take_map(a)
    if a.bad then break end
    items[i] = item
  end
  take_end(a)
  if a.bad then return no(a.bad) end
  local r = read_claim(P, id)
  if r.state ~= 'running' or r.nonce ~= nonce then
    return no('fenced: request ' .. id .. ' is not running under this nonce')
  end
  local last = tonumber(redis.call('HGET', build_key(P, r.build), 'sequence') or '0')
  if sequence > last + 1 then return no('gap: report ' .. whole(last + 1) .. ' is next, not ' .. whole(sequence)) end
  local t = begin(P, a)
  if sequence <= last then return done(t, { last, 0 }) end

  local ended = 0
  redis.call('HSET', build_key(P, r.build), 'sequence', whole(sequence))
  for _, item in ipairs(items) do
    if item.kind == 'step' then
      redis.call('HSET', build_key(P, r.build), 'step:' .. item.number, item.body)
      emit(t, (item.finished == 1 and 'step.finished.' or 'step.started.') .. r.builder,
        { buildid = tonumber(r.build), step = item.number }, item.body)
    elseif item.kind == 'properties' then
      redis.call('HSET', build_key(P, r.build), 'properties', item.body)
      emit(t, 'build.properties.' .. r.builder, { buildid = tonumber(r.build) }, item.body)
    else
      end_build(t, id, r, item.results, item.body)
      ended = 1
    end
  end
  return done(t, { sequence, ended })
end)

-- build_lost(request, nonce, max_attempts, results, body): the worker of a running build is gone (its
-- session is no longer current). The function decides: wanted cancel → CANCELLED; too many attempts →
-- EXCEPTION; else RETRY and back to the queue. `results` is what the caller read and made `body` for.
-- value: {results}
define('build_lost', function(P, a)
  local id, nonce, most = whole(take_int(a, 1)), take_hex(a, 32), take_int(a, 1, 1000)
  local results, body = take_int(a, RESULTS.exception, RESULTS.cancelled), take_map(a)
  take_end(a)
  if a.bad then return no(a.bad) end
  local r = read_claim(P, id)
  if r.state ~= 'running' or r.nonce ~= nonce then
    return no('fenced: request ' .. id .. ' is not running under this nonce')
  end
  if redis.call('HGET', P .. 'worker:' .. r.worker, 'session') == r.session then
    return no('early: the session of the build is current')
  end
  local right = RESULTS.retry
  if r.wanted then right = RESULTS.cancelled elseif r.attempts >= most then right = RESULTS.exception end
  if results ~= right then return no('stale: the verdict is ' .. right .. ', not ' .. results) end

  local t = begin(P, a)
  end_build(t, id, r, results, body)
  return done(t, { results })
end)

-- answer(request, nonce, question, value): value is MessagePack of a map; the first writer wins.
-- value: the stored answer
define('answer', function(P, a)
  local id, nonce, question, value = whole(take_int(a, 1)), take_hex(a, 32), take_int(a, 1, 1000000), take_map(a)
  take_end(a)
  if a.bad then return no(a.bad) end
  local r = read_claim(P, id)
  if r.state ~= 'running' or r.nonce ~= nonce then
    return no('fenced: request ' .. id .. ' is not running under this nonce')
  end
  local key = P .. 'answers:' .. r.build
  redis.call('HSETNX', key, whole(question), value)
  return { 'ok', redis.call('HGET', key, whole(question)) }
end)

-- claim_read(request): {request, build, buildset}, each a flat list of fields and values as HGETALL gives
-- them; the build is the one that runs, else an empty list.
define_read('claim_read', function(P, argv)
  local id = argv[1] or ''
  local request = redis.call('HGETALL', request_key(P, id))
  local r = redis.call('HMGET', request_key(P, id), 'state', 'build', 'bsid')
  local build = r[1] == 'running' and redis.call('HGETALL', build_key(P, r[2])) or {}
  return { request, build, r[3] and redis.call('HGETALL', P .. 'buildset:' .. r[3]) or {} }
end)
