-- SPDX-License-Identifier: Apache-2.0
-- Leases of workers and of roles.
--
-- They are counted on lease clocks, which move only when somebody ticks them, by at most 2 s a tick and
-- never backwards: time in which nobody could renew does not count. There are two, because renewing a
-- worker takes a living dispatcher: 'workers' is ticked by dispatchers only, 'roles' by every service.

local MAX_MS_PER_TICK = 2000
local MAX_EXPIRED = 200

-- tick(clock): value: {clock, event number, event tag, expired requests {…}, expired workers {…}, now_ms};
-- the two lists only for 'workers'
define('tick', function(prefix, args)
  local clock = take_choice(args, { 'workers', 'roles' })
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local transition = begin(prefix, args)
  local last = tonumber(redis.call('HGET', prefix .. 'lease_clock', clock .. ':at') or whole(transition.now))
  local step = math.max(0, math.min(MAX_MS_PER_TICK, transition.now - last))
  local value = lease_clock(prefix, clock) + step
  redis.call('HSET', prefix .. 'lease_clock', clock, whole(value), clock .. ':at', whole(transition.now))
  local offers, workers = {}, {}
  if clock == 'workers' then
    offers = redis.call('ZRANGEBYSCORE', prefix .. 'offers', '-inf', whole(value), 'LIMIT', 0, MAX_EXPIRED)
    workers = redis.call('ZRANGEBYSCORE', prefix .. 'leases', '-inf', whole(value), 'LIMIT', 0, MAX_EXPIRED)
  end
  return done(transition, { value, transition.number, transition.last_tag, offers, workers, transition.now })
end)

-- ---- workers ----

-- worker_hello(worker, instance, dispatcher, lease_ms, info, count, (request, nonce) × count): a new
-- session. Claims that the worker still holds move to it; what else Redis gives to this worker are
-- orphans, which the caller releases or declares lost.
-- value: {session, {{state, build, number, sequence, wanted} …}, orphans {request …}, superseded instance}
define('worker_hello', function(prefix, args)
  local worker, instance, dispatcher = take_name(args, 'a worker'), take_hex(args, 16), take_name(args, 'a dispatcher')
  local lease, info, count = take_int(args, 1), take_map(args), take_int(args, 0, LIMITS.held)
  local held = {}
  for i = 1, count do
    held[i] = { id = whole(take_int(args, 1)), nonce = take(args) }
    if args.bad then break end
  end
  take_end(args)
  if args.bad then return refuse(args.bad) end

  local transition = begin(prefix, args)
  local before = redis.call('HGET', prefix .. 'worker:' .. worker, 'instance') or ''
  local session = redis.call('HINCRBY', prefix .. 'ids', 'session', 1)
  local states, still_held = {}, {}
  for i, h in ipairs(held) do
    local r = read_claim(prefix, h.id)
    if (r.state == 'running' or r.state == 'offered') and r.nonce == h.nonce and r.worker == worker then
      redis.call('HSET', request_key(prefix, h.id), 'session', whole(session))
      still_held[h.id] = true
      if r.state == 'running' then
        local b = redis.call('HMGET', build_key(prefix, r.build), 'number', 'sequence')
        states[i] = { 'running', tonumber(r.build), tonumber(b[1]), tonumber(b[2]), r.wanted or '' }
      else
        states[i] = { 'offered', 0, 0, 0, '' }
      end
    else
      states[i] = { 'fenced', 0, 0, 0, '' }
    end
  end
  local orphans = {}
  for _, id in ipairs(redis.call('HVALS', prefix .. 'slots:' .. worker)) do
    if not still_held[id] then orphans[#orphans + 1] = tonumber(id) end
  end
  redis.call('HSET', prefix .. 'worker:' .. worker, 'session', whole(session), 'instance', instance, 'dispatcher', dispatcher,
    'connected', 1, 'info', info)
  redis.call('SADD', prefix .. 'workers', worker)
  redis.call('ZADD', prefix .. 'leases', lease_clock(prefix, 'workers') + lease, worker)
  emit(transition, 'worker.connected.' .. worker, { session = session }, info)
  return done(transition, { session, states, orphans, before ~= instance and before or '' })
end)

-- worker_renew(lease_ms, count, (worker, session) × count)
-- value: {1|0 …}: 0 when the session is no longer the current one
define('worker_renew', function(prefix, args)
  local lease, count = take_int(args, 1), take_int(args, 1, LIMITS.renewals)
  local list = {}
  for i = 1, count do
    list[i] = { take_name(args, 'a worker'), whole(take_int(args, 1)) }
    if args.bad then break end
  end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local transition = begin(prefix, args)
  local deadline, answers = lease_clock(prefix, 'workers') + lease, {}
  for i, w in ipairs(list) do
    local s = redis.call('HMGET', prefix .. 'worker:' .. w[1], 'session', 'connected')
    if s[1] == w[2] and s[2] == '1' then
      redis.call('ZADD', prefix .. 'leases', deadline, w[1])
      answers[i] = 1
    else
      answers[i] = 0
    end
  end
  return done(transition, answers)
end)

-- worker_gone(worker, session, why): 'expired' (the lease clock says so) or 'goodbye'. The session ends:
-- whatever the worker held are orphans from now on.
-- value: {orphans {request …}}
define('worker_gone', function(prefix, args)
  local worker, session = take_name(args, 'a worker'), whole(take_int(args, 1))
  local why = take_choice(args, { 'expired', 'goodbye' })
  take_end(args)
  if args.bad then return refuse(args.bad) end
  if redis.call('HGET', prefix .. 'worker:' .. worker, 'session') ~= session then
    return refuse('session: ' .. session .. ' is not the current session of ' .. worker)
  end
  if why == 'expired' then
    local deadline = tonumber(redis.call('ZSCORE', prefix .. 'leases', worker) or '0')
    if deadline > lease_clock(prefix, 'workers') then return refuse('early: the lease of ' .. worker .. ' holds') end
  end

  local transition = begin(prefix, args)
  local ended = redis.call('HINCRBY', prefix .. 'ids', 'session', 1)
  redis.call('HSET', prefix .. 'worker:' .. worker, 'session', whole(ended), 'connected', 0)
  redis.call('ZREM', prefix .. 'leases', worker)
  local orphans = {}
  for i, id in ipairs(redis.call('HVALS', prefix .. 'slots:' .. worker)) do orphans[i] = tonumber(id) end
  emit(transition, 'worker.disconnected.' .. worker, { session = tonumber(session) }, '')
  return done(transition, { orphans })
end)

-- ---- roles: scheduler, poller:<name>, reporter:<name> ----

-- role_hold(role, owner, lease_ms): takes a free or expired role, or renews one's own.
-- value: {term, 1 when it was taken just now}; refused 'held' by another
define('role_hold', function(prefix, args)
  local role, owner, lease = take_name(args, 'a role'), take_name(args, 'an owner'), take_int(args, 1)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local key = prefix .. 'role:' .. role
  local r = redis.call('HMGET', key, 'owner', 'deadline', 'term')
  local clock = lease_clock(prefix, 'roles')
  local transition = begin(prefix, args)
  if r[1] == owner then
    redis.call('HSET', key, 'deadline', whole(clock + lease))
    return done(transition, { tonumber(r[3]), 0 })
  end
  if r[1] and r[1] ~= '' and tonumber(r[2]) > clock then return refuse('held: by ' .. r[1]) end
  local term = redis.call('HINCRBY', key, 'term', 1)
  redis.call('HSET', key, 'owner', owner, 'deadline', whole(clock + lease))
  return done(transition, { term, 1 })
end)

-- role_release(role, owner): value: {}
define('role_release', function(prefix, args)
  local role, owner = take_name(args, 'a role'), take_name(args, 'an owner')
  take_end(args)
  if args.bad then return refuse(args.bad) end
  if redis.call('HGET', prefix .. 'role:' .. role, 'owner') ~= owner then return refuse('held: not by ' .. owner) end
  local transition = begin(prefix, args)
  redis.call('HSET', prefix .. 'role:' .. role, 'owner', '')
  return done(transition, {})
end)
