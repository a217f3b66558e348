-- SPDX-License-Identifier: Apache-2.0
-- Leases of workers and of roles.
--
-- They are counted on lease clocks, which move only when somebody ticks them, by at most 2 s a tick and
-- never backwards: time in which nobody could renew does not count. There are two, because renewing a
-- worker takes a living dispatcher: 'workers' is ticked by dispatchers only, 'roles' by every service.

local MOST_PER_TICK = 2000
local MOST_EXPIRED = 200

-- tick(clock): value: {clock, event number, event tag, expired requests {…}, expired workers {…}, now_ms};
-- the two lists only for 'workers'
define('tick', function(P, a)
  local clock = take_choice(a, { 'workers', 'roles' })
  take_end(a)
  if a.bad then return no(a.bad) end
  local t = begin(P, a)
  local last = tonumber(redis.call('HGET', P .. 'lease_clock', clock .. ':at') or whole(t.now))
  local step = math.max(0, math.min(MOST_PER_TICK, t.now - last))
  local value = lease_clock(P, clock) + step
  redis.call('HSET', P .. 'lease_clock', clock, whole(value), clock .. ':at', whole(t.now))
  local offers, workers = {}, {}
  if clock == 'workers' then
    offers = redis.call('ZRANGEBYSCORE', P .. 'offers', '-inf', whole(value), 'LIMIT', 0, MOST_EXPIRED)
    workers = redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', whole(value), 'LIMIT', 0, MOST_EXPIRED)
  end
  return done(t, { value, t.n, t.prev, offers, workers, t.now })
end)

-- ---- workers ----

-- worker_hello(worker, instance, dispatcher, lease_ms, info, count, (request, nonce) × count): a new
-- session. Claims that the worker still holds move to it; what else Redis gives to this worker are
-- orphans, which the caller releases or declares lost.
-- value: {session, {{state, build, number, sequence, wanted} …}, orphans {request …}, superseded instance}
define('worker_hello', function(P, a)
  local worker, instance, dispatcher = take_name(a, 'a worker'), take_hex(a, 16), take_name(a, 'a dispatcher')
  local lease, info, count = take_int(a, 1), take_map(a), take_int(a, 0, LIMITS.held)
  local held = {}
  for i = 1, count do
    held[i] = { id = whole(take_int(a, 1)), nonce = take(a) }
    if a.bad then break end
  end
  take_end(a)
  if a.bad then return no(a.bad) end

  local t = begin(P, a)
  local before = redis.call('HGET', P .. 'worker:' .. worker, 'instance') or ''
  local session = redis.call('HINCRBY', P .. 'ids', 'session', 1)
  local states, kept = {}, {}
  for i, h in ipairs(held) do
    local r = read_claim(P, h.id)
    if (r.state == 'running' or r.state == 'offered') and r.nonce == h.nonce and r.worker == worker then
      redis.call('HSET', request_key(P, h.id), 'session', whole(session))
      kept[h.id] = true
      if r.state == 'running' then
        local b = redis.call('HMGET', build_key(P, r.build), 'number', 'sequence')
        states[i] = { 'running', tonumber(r.build), tonumber(b[1]), tonumber(b[2]), r.wanted or '' }
      else
        states[i] = { 'offered', 0, 0, 0, '' }
      end
    else
      states[i] = { 'fenced', 0, 0, 0, '' }
    end
  end
  local orphans = {}
  for _, id in ipairs(redis.call('HVALS', P .. 'slots:' .. worker)) do
    if not kept[id] then orphans[#orphans + 1] = tonumber(id) end
  end
  redis.call('HSET', P .. 'worker:' .. worker, 'session', whole(session), 'instance', instance, 'dispatcher', dispatcher,
    'connected', 1, 'info', info)
  redis.call('SADD', P .. 'workers', worker)
  redis.call('ZADD', P .. 'leases', lease_clock(P, 'workers') + lease, worker)
  emit(t, 'worker.connected.' .. worker, { session = session }, info)
  return done(t, { session, states, orphans, before ~= instance and before or '' })
end)

-- worker_renew(lease_ms, count, (worker, session) × count)
-- value: {1|0 …}: 0 when the session is no longer the current one
define('worker_renew', function(P, a)
  local lease, count = take_int(a, 1), take_int(a, 1, LIMITS.renewals)
  local list = {}
  for i = 1, count do
    list[i] = { take_name(a, 'a worker'), whole(take_int(a, 1)) }
    if a.bad then break end
  end
  take_end(a)
  if a.bad then return no(a.bad) end
  local t = begin(P, a)
  local deadline, answers = lease_clock(P, 'workers') + lease, {}
  for i, w in ipairs(list) do
    local s = redis.call('HMGET', P .. 'worker:' .. w[1], 'session', 'connected')
    if s[1] == w[2] and s[2] == '1' then
      redis.call('ZADD', P .. 'leases', deadline, w[1])
      answers[i] = 1
    else
      answers[i] = 0
    end
  end
  return done(t, answers)
end)

-- worker_gone(worker, session, why): 'expired' (the lease clock says so) or 'goodbye'. The session ends:
-- whatever the worker held are orphans from now on.
-- value: {orphans {request …}}
define('worker_gone', function(P, a)
  local worker, session = take_name(a, 'a worker'), whole(take_int(a, 1))
  local why = take_choice(a, { 'expired', 'goodbye' })
  take_end(a)
  if a.bad then return no(a.bad) end
  if redis.call('HGET', P .. 'worker:' .. worker, 'session') ~= session then
    return no('session: ' .. session .. ' is not the current session of ' .. worker)
  end
  if why == 'expired' then
    local deadline = tonumber(redis.call('ZSCORE', P .. 'leases', worker) or '0')
    if deadline > lease_clock(P, 'workers') then return no('early: the lease of ' .. worker .. ' holds') end
  end

  local t = begin(P, a)
  local ended = redis.call('HINCRBY', P .. 'ids', 'session', 1)
  redis.call('HSET', P .. 'worker:' .. worker, 'session', whole(ended), 'connected', 0)
  redis.call('ZREM', P .. 'leases', worker)
  local orphans = {}
  for i, id in ipairs(redis.call('HVALS', P .. 'slots:' .. worker)) do orphans[i] = tonumber(id) end
  emit(t, 'worker.disconnected.' .. worker, { session = tonumber(session) }, '')
  return done(t, { orphans })
end)

-- ---- roles: scheduler, poller:<name>, reporter:<name> ----

-- role_hold(role, owner, lease_ms): takes a free or expired role, or renews one's own.
-- value: {term, 1 when it was taken just now}; refused 'held' by another
define('role_hold', function(P, a)
  local role, owner, lease = take_name(a, 'a role'), take_name(a, 'an owner'), take_int(a, 1)
  take_end(a)
  if a.bad then return no(a.bad) end
  local key = P .. 'role:' .. role
  local r = redis.call('HMGET', key, 'owner', 'deadline', 'term')
  local clock = lease_clock(P, 'roles')
  local t = begin(P, a)
  if r[1] == owner then
    redis.call('HSET', key, 'deadline', whole(clock + lease))
    return done(t, { tonumber(r[3]), 0 })
  end
  if r[1] and r[1] ~= '' and tonumber(r[2]) > clock then return no('held: by ' .. r[1]) end
  local term = redis.call('HINCRBY', key, 'term', 1)
  redis.call('HSET', key, 'owner', owner, 'deadline', whole(clock + lease))
  return done(t, { term, 1 })
end)

-- role_release(role, owner): value: {}
define('role_release', function(P, a)
  local role, owner = take_name(a, 'a role'), take_name(a, 'an owner')
  take_end(a)
  if a.bad then return no(a.bad) end
  if redis.call('HGET', P .. 'role:' .. role, 'owner') ~= owner then return no('held: not by ' .. owner) end
  local t = begin(P, a)
  redis.call('HSET', P .. 'role:' .. role, 'owner', '')
  return done(t, {})
end)
