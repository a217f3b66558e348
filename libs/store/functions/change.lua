-- SPDX-License-Identifier: Apache-2.0
-- Changes in. A delivery is taken once; a poller's state moves together with what it found.

local DELIVERY_TTL_MS = 7 * 24 * 3600 * 1000

-- change_add(delivery, role, term, poller, state_old, state_new, count, body …)
--   delivery  key of the sender, '' when it has none; a repeat answers the first result
--   role/term lease of a poller, '' and 0 for hooks; poller '' for hooks, else its state moves
--             from state_old ('' at first) to state_new
-- value: the ids of the changes, in order
define('change_add', function(prefix, args)
  local delivery = take_key(args)
  local role, term = take_key(args), take_int(args, 0)
  local poller, state_old, state_new = take_key(args), take(args), take(args)
  local count = take_int(args, 0, LIMITS.changes)
  local bodies = {}
  for i = 1, count do bodies[i] = take_map(args) end
  take_end(args)
  if poller == '' and count == 0 then broken(args, 'at least one change') end
  if args.bad then return refuse(args.bad) end

  if delivery ~= '' then
    local before = redis.call('GET', prefix .. 'delivery:' .. delivery)
    if before then return { 'ok', before } end
  end
  local refused = not_held(prefix, role, term)
  if refused then return refused end
  if poller ~= '' and (redis.call('HGET', prefix .. 'poller', poller) or '') ~= state_old then
    return refuse('stale: the state of poller ' .. poller .. ' is another')
  end

  local transition = begin(prefix, args)
  local ids = {}
  for i = 1, count do
    local id = redis.call('HINCRBY', prefix .. 'ids', 'change', 1)
    redis.call('HSET', prefix .. 'changes', whole(id), bodies[i])
    redis.call('HSET', prefix .. 'change_arrived', whole(id), whole(transition.now))
    emit(transition, 'change.new', { changeid = id }, bodies[i])
    ids[i] = id
  end
  if poller ~= '' then redis.call('HSET', prefix .. 'poller', poller, state_new) end
  if delivery ~= '' then
    redis.call('SET', prefix .. 'delivery:' .. delivery, cmsgpack.pack(ids), 'PX', DELIVERY_TTL_MS)
  end
  return done(transition, ids)
end)

-- poller_report(role, term, poller, failing, problem): whether the last poll failed (0 or 1), and its {reason}
-- value: true; an event only when that is new
define('poller_report', function(prefix, args)
  local role, term = take_key(args), take_int(args, 0)
  local poller, failing, problem = take_key(args), take_int(args, 0, 1), take_map(args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, role, term)
  if refused then return refused end

  local key = prefix .. 'poller_problem'
  local transition = begin(prefix, args)
  if failing == 0 then problem = '' end
  if (redis.call('HGET', key, poller) or '') ~= problem then
    if problem == '' then redis.call('HDEL', key, poller) else redis.call('HSET', key, poller, problem) end
    emit(transition, 'poller.state.' .. poller, {}, problem)
  end
  return done(transition, true)
end)
