-- SPDX-License-Identifier: Apache-2.0
-- Leases of workers and of roles.
--
-- They are counted on lease clocks, which move only when somebody ticks them, by at most 2 s a tick and
-- never backwards: time in which nobody could renew does not count. There are two, because renewing a
-- worker takes a living dispatcher: 'workers' is ticked by dispatchers only, 'roles' by every service.

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
--
-- A key gives a worker its name. `instance` names one life of its process, and `hello` numbers the hellos of a
-- life, so that a hello which the network held back is known as late. The first life stays: another one gets
-- the place only when the first has gone, when its lease has run out, when it cannot be there any more
-- (`replaces`), or when it does not answer a challenge. A session counts only from when its worker has spoken
-- in it: a hello alone ends no build.

local CHALLENGE_MS = 2000  -- without an answer for so long the challenged life is over
local ANSWER_MS = 10000    -- for so long an answer keeps the place from other lives

local function worker_key(prefix, worker) return prefix .. 'worker:' .. worker end

-- Whether another life has the worker's place now.
local function is_taken(prefix, worker, w, instance, replaces)
  if w.connected ~= '1' or w.instance == instance or w.instance == replaces then return false end
  local deadline = tonumber(redis.call('ZSCORE', prefix .. 'leases', worker) or '0')
  if deadline <= lease_clock(prefix, 'workers') then return false end
  return not (w.challenge and lease_clock(prefix, 'workers') - tonumber(w.challenge) >= CHALLENGE_MS)
end

-- The place is taken: asks the life that has it, once, whether it is there.
local function challenge(prefix, args, worker, w)
  local clock = lease_clock(prefix, 'workers')
  if w.answered and clock - tonumber(w.answered) < ANSWER_MS then
    return refuse('held: another process with the key of ' .. worker .. ' is at work')
  end
  local transition = begin(prefix, args)
  if not w.challenge then
    redis.call('HSET', worker_key(prefix, worker), 'challenge', whole(clock))
    emit(transition, 'worker.challenged.' .. worker, { session = tonumber(w.session), challenge = clock }, '')
  end
  return done(transition, { 0, {}, {}, '' })
end

-- worker_hello(worker, instance, dispatcher, lease_ms, info, count, (request, nonce) × count, hello,
-- replaces): a new session. Claims that the worker still holds move to it; what else Redis gives to this
-- worker are orphans, which the caller releases or declares lost once the worker has spoken.
-- value: {session, {{state, build, number, sequence, wanted} …}, orphans {request …}, superseded instance};
-- session 0: another life has the place and is asked whether it is there
-- refused 'late': a later hello of this life came before; 'held': another life has answered
define('worker_hello', function(prefix, args)
  local worker, instance, dispatcher = take_name(args, 'a worker'), take_hex(args, 16), take_name(args, 'a dispatcher')
  local lease, info, count = take_int(args, 1), take_map(args), take_int(args, 0, LIMITS.held)
  local held = {}
  for i = 1, count do
    held[i] = { id = whole(take_int(args, 1)), nonce = take(args) }
    if args.bad then break end
  end
  local hello, replaces = 0, ''
  if args.at < #args.argv then hello, replaces = take_int(args, 0), take_key(args) end -- dispatchers before 0.2 send neither
  take_end(args)
  if args.bad then return refuse(args.bad) end

  local key = worker_key(prefix, worker)
  local r = redis.call('HMGET', key, 'instance', 'hello', 'connected', 'challenge', 'answered', 'session')
  local w = { instance = r[1] or '', hello = tonumber(r[2] or '0'), connected = r[3], challenge = r[4], answered = r[5], session = r[6] }
  if w.instance == instance and hello > 0 and hello <= w.hello then
    return refuse('late: hello ' .. whole(w.hello) .. ' of this life came before hello ' .. whole(hello))
  end
  if is_taken(prefix, worker, w, instance, replaces) then return challenge(prefix, args, worker, w) end

  local transition = begin(prefix, args)
  local session = redis.call('HINCRBY', prefix .. 'ids', 'session', 1)
  local states, still_held = {}, {}
  for i, h in ipairs(held) do
    local c = read_claim(prefix, h.id)
    if (c.state == 'running' or c.state == 'offered') and c.nonce == h.nonce and c.worker == worker then
      redis.call('HSET', request_key(prefix, h.id), 'session', whole(session))
      still_held[h.id] = true
      if c.state == 'running' then
        local b = redis.call('HMGET', build_key(prefix, c.build), 'number', 'sequence')
        states[i] = { 'running', tonumber(c.build), tonumber(b[1]), tonumber(b[2]), c.wanted or '' }
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
  local same_life = w.instance == instance
  redis.call('HSET', key, 'session', whole(session), 'instance', instance, 'hello', whole(hello), 'dispatcher', dispatcher,
    'connected', 1, 'info', info)
  redis.call('HDEL', key, 'challenge', 'answered')
  if same_life and w.challenge then redis.call('HSET', key, 'answered', whole(lease_clock(prefix, 'workers'))) end
  redis.call('SADD', prefix .. 'workers', worker)
  redis.call('ZADD', prefix .. 'leases', lease_end(prefix, 'workers', transition.now, lease), worker)
  emit(transition, 'worker.connected.' .. worker, { session = session, taken_over = same_life and 0 or 1 }, info)
  return done(transition, { session, states, orphans, not same_life and w.instance or '' })
end)

-- worker_renew(lease_ms, count, (worker, session) × count): the workers have spoken in these sessions.
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
  local deadline, answers = lease_end(prefix, 'workers', transition.now, lease), {}
  for i, w in ipairs(list) do
    local key = worker_key(prefix, w[1])
    local s = redis.call('HMGET', key, 'session', 'connected', 'spoken')
    if s[1] == w[2] and s[2] == '1' then
      redis.call('ZADD', prefix .. 'leases', deadline, w[1])
      if s[3] ~= s[1] then redis.call('HSET', key, 'spoken', s[1]) end
      answers[i] = 1
    else
      answers[i] = 0
    end
  end
  return done(transition, answers)
end)

-- worker_answers(worker, session, challenge): the worker has answered this challenge and keeps its place.
-- value: {}
define('worker_answers', function(prefix, args)
  local worker, session, number = take_name(args, 'a worker'), whole(take_int(args, 1)), whole(take_int(args, 0))
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local key = worker_key(prefix, worker)
  local w = redis.call('HMGET', key, 'session', 'connected', 'challenge')
  if w[1] ~= session or w[2] ~= '1' then return refuse('session: ' .. session .. ' is not the current session of ' .. worker) end
  if w[3] ~= number then return refuse('stale: ' .. worker .. ' has another challenge, or none') end
  local transition = begin(prefix, args)
  redis.call('HDEL', key, 'challenge')
  redis.call('HSET', key, 'answered', whole(lease_clock(prefix, 'workers')))
  return done(transition, {})
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
  redis.call('HSET', worker_key(prefix, worker), 'session', whole(ended), 'connected', 0)
  redis.call('HDEL', worker_key(prefix, worker), 'challenge', 'answered')
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
