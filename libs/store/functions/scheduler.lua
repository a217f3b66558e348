-- SPDX-License-Identifier: Apache-2.0
-- The scheduler's cursor lives with what the schedulers decided about the event it passes.

-- A waiting list is named "<scheduler>\31<timer key>".
local function waiting_name(scheduler, timer) return scheduler .. '\31' .. timer end

-- A time in ms, or '' for none.
local function take_time(args)
  if take(args) == '' then return '' end
  args.at = args.at - 1
  return whole(take_int(args, 1))
end

-- scheduler_apply(term, from, to, to_tag, config_version, count, op …): the cursor moves from `from` to
-- `to`, the number of the last event decided about. Operations:
--   'set', scheduler, body, count, (builder, priority) …        a buildset at once
--   'wait', scheduler, timer, change, important 0|1, due         the change waits; due in ms, '' leaves
--                                                                the timer as it is
-- value: {to}
define('scheduler_apply', function(prefix, args)
  local term, from, to, to_tag = take_int(args, 1), take_int(args, 0), take_int(args, 1), take_name(args, 'a tag')
  local version, count = take_int(args, 0), take_int(args, 0, LIMITS.operations)
  local ops = {}
  for i = 1, count do
    local op = { kind = take_choice(args, { 'set', 'wait' }), scheduler = take_name(args, 'a scheduler') }
    if op.kind == 'set' then
      op.set = take_buildset(args)
    else
      op.timer, op.change, op.important = take_key(args), take_int(args, 1), take_int(args, 0, 1)
      op.due = take_time(args)
    end
    if args.bad then break end
    ops[i] = op
  end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, 'scheduler', term) or wrong_config(prefix, version)
  if refused then return refused end
  local cursor = tonumber(redis.call('HGET', prefix .. 'cursor:scheduler', 'n') or '0')
  if cursor ~= from then return refuse('stale: the cursor is at ' .. whole(cursor) .. ', not ' .. whole(from)) end
  local transition = begin(prefix, args)
  if to <= from or to > transition.number then
    return refuse('bad: the cursor cannot move from ' .. whole(from) .. ' to ' .. whole(to) .. ' of ' .. whole(transition.number))
  end

  for _, op in ipairs(ops) do
    if op.kind == 'set' then
      make_buildset(transition, op.set)
    else
      local name = waiting_name(op.scheduler, op.timer)
      redis.call('SADD', prefix .. 'waiting', name)
      redis.call('RPUSH', prefix .. 'wait:' .. name, whole(op.change) .. ' ' .. op.important)
      if op.due ~= '' then redis.call('HSET', prefix .. 'due', name, op.due) end
    end
  end
  redis.call('HSET', prefix .. 'cursor:scheduler', 'n', whole(to), 'tag', to_tag)
  return done(transition, { to })
end)

-- scheduler_due(term, config_version, scheduler, timer, due, next, listed, change × listed, body, count,
-- (builder, priority) …): the timer has run out; the buildset is of exactly the listed changes, which
-- are the first of the list (none for a timer without changes). due: '' when the timer was never set;
-- next: its next time, '' when it ends.
-- value: {bsid}
define('scheduler_due', function(prefix, args)
  local term, version = take_int(args, 1), take_int(args, 0)
  local name = waiting_name(take_name(args, 'a scheduler'), take_key(args))
  local due, following, listed = take_time(args), take_time(args), take_int(args, 0, LIMITS.listed)
  local changes = {}
  for i = 1, listed do
    changes[i] = take_int(args, 1)
    if args.bad then break end
  end
  local set = take_buildset(args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, 'scheduler', term) or wrong_config(prefix, version)
  if refused then return refused end
  if (redis.call('HGET', prefix .. 'due', name) or '') ~= due then return refuse('stale: the timer is another') end
  local waiting = listed > 0 and redis.call('LRANGE', prefix .. 'wait:' .. name, 0, listed - 1) or {}
  for i = 1, listed do
    if not waiting[i] or string.match(waiting[i], '^%d+') ~= whole(changes[i]) then
      return refuse('stale: change ' .. whole(changes[i]) .. ' is not at place ' .. i .. ' of the waiting list')
    end
  end

  local transition = begin(prefix, args)
  local bsid = make_buildset(transition, set)
  redis.call('LTRIM', prefix .. 'wait:' .. name, listed, -1)
  if following == '' then
    redis.call('HDEL', prefix .. 'due', name)
  else
    redis.call('HSET', prefix .. 'due', name, following)
  end
  if redis.call('EXISTS', prefix .. 'wait:' .. name) == 0 then redis.call('SREM', prefix .. 'waiting', name) end
  return done(transition, { bsid })
end)

-- waiting_split(term, config_version, scheduler, timer, count, (timer, due, listed, change × listed) × count): the
-- changes of one waiting list go into several, all of them, each into one. due: in ms, '' for a timer that does
-- not run.
-- value: {}
define('waiting_split', function(prefix, args)
  local term, version = take_int(args, 1), take_int(args, 0)
  local scheduler, timer = take_name(args, 'a scheduler'), take_key(args)
  local count, parts, listed = take_int(args, 1, LIMITS.listed), {}, 0
  for i = 1, count do
    local part = { name = waiting_name(scheduler, take_key(args)), due = take_time(args), changes = {} }
    for k = 1, take_int(args, 1, LIMITS.listed) do
      part.changes[k] = whole(take_int(args, 1))
      if args.bad then break end
    end
    if args.bad then break end
    parts[i], listed = part, listed + #part.changes
  end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, 'scheduler', term) or wrong_config(prefix, version)
  if refused then return refused end
  local name, waiting, entries = waiting_name(scheduler, timer), {}, 0
  for _, entry in ipairs(redis.call('LRANGE', prefix .. 'wait:' .. name, 0, -1)) do
    waiting[string.match(entry, '^%d+')], entries = entry, entries + 1
  end
  if listed ~= entries then return refuse('stale: ' .. entries .. ' changes wait, not ' .. listed) end
  local new = {}
  for _, part in ipairs(parts) do
    if new[part.name] or (part.name ~= name and redis.call('EXISTS', prefix .. 'wait:' .. part.name) == 1) then
      return refuse('stale: a part has the name of a list that exists')
    end
    new[part.name] = true
    for k, change in ipairs(part.changes) do
      local entry = waiting[change]
      if not entry then return refuse('stale: change ' .. change .. ' is not on the waiting list') end
      waiting[change], part.changes[k] = nil, entry
    end
  end

  local transition = begin(prefix, args)
  redis.call('SREM', prefix .. 'waiting', name)
  redis.call('HDEL', prefix .. 'due', name)
  redis.call('DEL', prefix .. 'wait:' .. name)
  for _, part in ipairs(parts) do
    redis.call('SADD', prefix .. 'waiting', part.name)
    for _, entry in ipairs(part.changes) do redis.call('RPUSH', prefix .. 'wait:' .. part.name, entry) end
    if part.due ~= '' then redis.call('HSET', prefix .. 'due', part.name, part.due) end
  end
  return done(transition, {})
end)

-- waiting_drop(term, config_version, scheduler, timer): the scheduler is gone from the configuration, so are
-- its timer and its list.
-- value: {}
define('waiting_drop', function(prefix, args)
  local term, version = take_int(args, 1), take_int(args, 0)
  local name = waiting_name(take_name(args, 'a scheduler'), take_key(args))
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, 'scheduler', term) or wrong_config(prefix, version)
  if refused then return refused end
  local transition = begin(prefix, args)
  redis.call('SREM', prefix .. 'waiting', name)
  redis.call('HDEL', prefix .. 'due', name)
  redis.call('DEL', prefix .. 'wait:' .. name)
  return done(transition, {})
end)
