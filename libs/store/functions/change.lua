-- SPDX-License-Identifier: Apache-2.0
-- Changes in. A delivery is taken once; a poller's state moves together with what it found.

local DELIVERY_TTL_MS = 7 * 24 * 3600 * 1000

-- change_add(delivery, role, term, poller, state_old, state_new, count, body …)
--   delivery  key of the sender, '' when it has none; a repeat answers the first result
--   role/term lease of a poller, '' and 0 for hooks; poller '' for hooks, else its state moves
--             from state_old ('' at first) to state_new
-- value: the ids of the changes, in order
define('change_add', function(P, a)
  local delivery = take_key(a)
  local role, term = take_key(a), take_int(a, 0)
  local poller, state_old, state_new = take_key(a), take(a), take(a)
  local count = take_int(a, 0, LIMITS.changes)
  local bodies = {}
  for i = 1, count do bodies[i] = take_map(a) end
  take_end(a)
  if poller == '' and count == 0 then broken(a, 'at least one change') end
  if a.bad then return no(a.bad) end

  if delivery ~= '' then
    local before = redis.call('GET', P .. 'delivery:' .. delivery)
    if before then return { 'ok', before } end
  end
  local refused = not_held(P, role, term)
  if refused then return refused end
  if poller ~= '' and (redis.call('HGET', P .. 'poller', poller) or '') ~= state_old then
    return no('stale: the state of poller ' .. poller .. ' is another')
  end

  local t = begin(P, a)
  local ids = {}
  for i = 1, count do
    local id = redis.call('HINCRBY', P .. 'ids', 'change', 1)
    redis.call('HSET', P .. 'changes', whole(id), bodies[i])
    emit(t, 'change.new', { changeid = id }, bodies[i])
    ids[i] = id
  end
  if poller ~= '' then redis.call('HSET', P .. 'poller', poller, state_new) end
  if delivery ~= '' then
    redis.call('SET', P .. 'delivery:' .. delivery, cmsgpack.pack(ids), 'PX', DELIVERY_TTL_MS)
  end
  return done(t, ids)
end)
