-- SPDX-License-Identifier: Apache-2.0
-- The scheduler's cursor lives with what the schedulers decided about the event it passes.

-- A waiting list is named "<scheduler>\31<timer key>".
local function waiting_name(scheduler, timer) return scheduler .. '\31' .. timer end

-- A time in ms, or '' for none.
local function take_time(a)
  if take(a) == '' then return '' end
  a.at = a.at - 1
  return whole(take_int(a, 1))
end

-- scheduler_apply(term, from, to, to_tag, config_version, count, op …): the cursor moves from `from` to
-- `to`, the number of the last event decided about. Operations:
--   'set', scheduler, body, count, (builder, priority) …        a buildset at once
--   'wait', scheduler, timer, change, important 0|1, due         the change waits; due in ms, '' leaves
--                                                                the timer as it is
-- value: {to}
define('scheduler_apply', function(P, a)
  local term, from, to, to_tag = take_int(a, 1), take_int(a, 0), take_int(a, 1), take_name(a, 'a tag')
  local version, count = take_int(a, 0), take_int(a, 0, LIMITS.operations)
  local ops = {}
  for i = 1, count do
    local op = { kind = take_choice(a, { 'set', 'wait' }), scheduler = take_name(a, 'a scheduler') }
    if op.kind == 'set' then
      op.set = take_buildset(a)
    else
      op.timer, op.change, op.important = take_key(a), take_int(a, 1), take_int(a, 0, 1)
      op.due = take_time(a)
    end
    if a.bad then break end
    ops[i] = op
  end
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = not_held(P, 'scheduler', term) or wrong_config(P, version)
  if refused then return refused end
  local cursor = tonumber(redis.call('HGET', P .. 'cursor:scheduler', 'n') or '0')
  if cursor ~= from then return no('stale: the cursor is at ' .. whole(cursor) .. ', not ' .. whole(from)) end
  local t = begin(P, a)
  if to <= from or to > t.n then
    return no('bad: the cursor cannot move from ' .. whole(from) .. ' to ' .. whole(to) .. ' of ' .. whole(t.n))
  end

  for _, op in ipairs(ops) do
    if op.kind == 'set' then
      make_buildset(t, op.set)
    else
      local name = waiting_name(op.scheduler, op.timer)
      redis.call('SADD', P .. 'waiting', name)
      redis.call('RPUSH', P .. 'wait:' .. name, whole(op.change) .. ' ' .. op.important)
      if op.due ~= '' then redis.call('HSET', P .. 'due', name, op.due) end
    end
  end
  redis.call('HSET', P .. 'cursor:scheduler', 'n', whole(to), 'tag', to_tag)
  return done(t, { to })
end)

-- scheduler_due(term, config_version, scheduler, timer, due, next, listed, change × listed, body, count,
-- (builder, priority) …): the timer has run out; the buildset is of exactly the listed changes, which
-- are the first of the list (none for a timer without changes). due: '' when the timer was never set;
-- next: its next time, '' when it ends.
-- value: {bsid}
define('scheduler_due', function(P, a)
  local term, version = take_int(a, 1), take_int(a, 0)
  local name = waiting_name(take_name(a, 'a scheduler'), take_key(a))
  local due, following, listed = take_time(a), take_time(a), take_int(a, 0, LIMITS.listed)
  local changes = {}
  for i = 1, listed do
    changes[i] = take_int(a, 1)
    if a.bad then break end
  end
  local set = take_buildset(a)
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = not_held(P, 'scheduler', term) or wrong_config(P, version)
  if refused then return refused end
  if (redis.call('HGET', P .. 'due', name) or '') ~= due then return no('stale: the timer is another') end
  local waiting = listed > 0 and redis.call('LRANGE', P .. 'wait:' .. name, 0, listed - 1) or {}
  for i = 1, listed do
    if not waiting[i] or string.match(waiting[i], '^%d+') ~= whole(changes[i]) then
      return no('stale: change ' .. whole(changes[i]) .. ' is not at place ' .. i .. ' of the waiting list')
    end
  end

  local t = begin(P, a)
  local bsid = make_buildset(t, set)
  redis.call('LTRIM', P .. 'wait:' .. name, listed, -1)
  if following == '' then
    redis.call('HDEL', P .. 'due', name)
  else
    redis.call('HSET', P .. 'due', name, following)
  end
  if redis.call('EXISTS', P .. 'wait:' .. name) == 0 then redis.call('SREM', P .. 'waiting', name) end
  return done(t, { bsid })
end)

-- waiting_drop(term, config_version, scheduler, timer): the scheduler is gone from the configuration, so are
-- its timer and its list.
-- value: {}
define('waiting_drop', function(P, a)
  local term, version = take_int(a, 1), take_int(a, 0)
  local name = waiting_name(take_name(a, 'a scheduler'), take_key(a))
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = not_held(P, 'scheduler', term) or wrong_config(P, version)
  if refused then return refused end
  local t = begin(P, a)
  redis.call('SREM', P .. 'waiting', name)
  redis.call('HDEL', P .. 'due', name)
  redis.call('DEL', P .. 'wait:' .. name)
  return done(t, {})
end)
