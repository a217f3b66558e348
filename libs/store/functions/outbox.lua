-- SPDX-License-Identifier: Apache-2.0
-- What leaves the system goes through an outbox: the reporter's cursor moves in the same step in which
-- its messages are stored, and a message goes only when its receiver has said yes.

local function reporter_role(reporter) return 'reporter:' .. reporter end

-- cursor_start(reporter, term): the place from which a reporter reads; a new one starts at the end.
-- value: {number, tag}
define('cursor_start', function(prefix, args)
  local reporter, term = take_name(args, 'a reporter'), take_int(args, 1)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, reporter_role(reporter), term)
  if refused then return refused end
  local key = prefix .. 'cursor:reporter:' .. reporter
  local c = redis.call('HMGET', key, 'n', 'tag')
  local transition = begin(prefix, args)
  if c[1] then return done(transition, { tonumber(c[1]), c[2] }) end
  redis.call('HSET', key, 'n', whole(transition.number), 'tag', transition.last_tag)
  redis.call('SADD', prefix .. 'reporters', reporter)
  return done(transition, { transition.number, transition.last_tag })
end)

-- reporter_apply(reporter, term, from, to, to_tag, count, (key, message) × count)
-- value: {to}. A key that is in the outbox already keeps its first message.
define('reporter_apply', function(prefix, args)
  local reporter, term = take_name(args, 'a reporter'), take_int(args, 1)
  local from, to, to_tag = take_int(args, 0), take_int(args, 1), take_name(args, 'a tag')
  local count = take_int(args, 0, LIMITS.operations)
  local messages = {}
  for i = 1, count do
    messages[i] = { take_name(args, 'a key'), take_map(args) }
    if args.bad then break end
  end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, reporter_role(reporter), term)
  if refused then return refused end
  local key = prefix .. 'cursor:reporter:' .. reporter
  local cursor = redis.call('HGET', key, 'n')
  if cursor ~= whole(from) then return refuse('stale: the cursor is at ' .. (cursor or 'none') .. ', not ' .. whole(from)) end
  local transition = begin(prefix, args)
  if to <= from or to > transition.number then
    return refuse('bad: the cursor cannot move from ' .. whole(from) .. ' to ' .. whole(to) .. ' of ' .. whole(transition.number))
  end

  for _, m in ipairs(messages) do
    if redis.call('HSETNX', prefix .. 'outbox:' .. reporter, m[1], m[2]) == 1 then
      redis.call('ZADD', prefix .. 'outbox_due:' .. reporter, whole(transition.now), m[1])
    end
  end
  redis.call('HSET', key, 'n', whole(to), 'tag', to_tag)
  return done(transition, { to })
end)

-- outbox_done(reporter, term, key): the receiver has it (or it was given up). value: {}
define('outbox_done', function(prefix, args)
  local reporter, term, key = take_name(args, 'a reporter'), take_int(args, 1), take_name(args, 'a key')
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, reporter_role(reporter), term)
  if refused then return refused end
  if redis.call('HEXISTS', prefix .. 'outbox:' .. reporter, key) == 0 then return refuse('gone: no message ' .. key) end
  local transition = begin(prefix, args)
  redis.call('HDEL', prefix .. 'outbox:' .. reporter, key)
  redis.call('ZREM', prefix .. 'outbox_due:' .. reporter, key)
  redis.call('HDEL', prefix .. 'outbox_tries:' .. reporter, key)
  return done(transition, {})
end)

-- outbox_later(reporter, term, key, delay_ms): the receiver could not take it. value: {tries so far}
define('outbox_later', function(prefix, args)
  local reporter, term, key = take_name(args, 'a reporter'), take_int(args, 1), take_name(args, 'a key')
  local delay = take_int(args, 1)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = not_held(prefix, reporter_role(reporter), term)
  if refused then return refused end
  if redis.call('HEXISTS', prefix .. 'outbox:' .. reporter, key) == 0 then return refuse('gone: no message ' .. key) end
  local transition = begin(prefix, args)
  redis.call('ZADD', prefix .. 'outbox_due:' .. reporter, whole(transition.now + delay), key)
  local tries = redis.call('HINCRBY', prefix .. 'outbox_tries:' .. reporter, key, 1)
  return done(transition, { tries })
end)

-- reporter_drop(reporter, config_version): a reporter that the current configuration does not have; its cursor
-- would keep the event log from being trimmed. value: {}
define('reporter_drop', function(prefix, args)
  local reporter, version = take_name(args, 'a reporter'), take_int(args, 0)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local refused = wrong_config(prefix, version)
  if refused then return refused end
  if redis.call('SISMEMBER', prefix .. 'reporters', reporter) == 0 then return refuse('gone: no reporter ' .. reporter) end
  local transition = begin(prefix, args)
  redis.call('SREM', prefix .. 'reporters', reporter)
  redis.call('DEL', prefix .. 'cursor:reporter:' .. reporter, prefix .. 'outbox:' .. reporter, prefix .. 'outbox_due:' .. reporter,
    prefix .. 'outbox_tries:' .. reporter)
  return done(transition, {})
end)
