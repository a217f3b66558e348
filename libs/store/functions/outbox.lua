-- SPDX-License-Identifier: Apache-2.0
-- What leaves the system goes through an outbox: the reporter's cursor moves in the same step in which
-- its messages are stored, and a message goes only when its receiver has said yes.

local function reporter_role(reporter) return 'reporter:' .. reporter end

-- cursor_start(reporter, term): the place from which a reporter reads; a new one starts at the end.
-- value: {number, tag}
define('cursor_start', function(P, a)
  local reporter, term = take_name(a, 'a reporter'), take_int(a, 1)
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = not_held(P, reporter_role(reporter), term)
  if refused then return refused end
  local key = P .. 'cursor:reporter:' .. reporter
  local c = redis.call('HMGET', key, 'n', 'tag')
  local t = begin(P, a)
  if c[1] then return done(t, { tonumber(c[1]), c[2] }) end
  redis.call('HSET', key, 'n', whole(t.n), 'tag', t.prev)
  redis.call('SADD', P .. 'reporters', reporter)
  return done(t, { t.n, t.prev })
end)

-- reporter_apply(reporter, term, from, to, to_tag, count, (key, message) × count)
-- value: {to}. A key that is in the outbox already keeps its first message.
define('reporter_apply', function(P, a)
  local reporter, term = take_name(a, 'a reporter'), take_int(a, 1)
  local from, to, to_tag = take_int(a, 0), take_int(a, 1), take_name(a, 'a tag')
  local count = take_int(a, 0, LIMITS.operations)
  local messages = {}
  for i = 1, count do
    messages[i] = { take_name(a, 'a key'), take_map(a) }
    if a.bad then break end
  end
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = not_held(P, reporter_role(reporter), term)
  if refused then return refused end
  local key = P .. 'cursor:reporter:' .. reporter
  local cursor = redis.call('HGET', key, 'n')
  if cursor ~= whole(from) then return no('stale: the cursor is at ' .. (cursor or 'none') .. ', not ' .. whole(from)) end
  local t = begin(P, a)
  if to <= from or to > t.n then
    return no('bad: the cursor cannot move from ' .. whole(from) .. ' to ' .. whole(to) .. ' of ' .. whole(t.n))
  end

  for _, m in ipairs(messages) do
    if redis.call('HSETNX', P .. 'outbox:' .. reporter, m[1], m[2]) == 1 then
      redis.call('ZADD', P .. 'outbox_due:' .. reporter, whole(t.now), m[1])
    end
  end
  redis.call('HSET', key, 'n', whole(to), 'tag', to_tag)
  return done(t, { to })
end)

-- outbox_done(reporter, term, key): the receiver has it (or it was given up). value: {}
define('outbox_done', function(P, a)
  local reporter, term, key = take_name(a, 'a reporter'), take_int(a, 1), take_name(a, 'a key')
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = not_held(P, reporter_role(reporter), term)
  if refused then return refused end
  if redis.call('HEXISTS', P .. 'outbox:' .. reporter, key) == 0 then return no('gone: no message ' .. key) end
  local t = begin(P, a)
  redis.call('HDEL', P .. 'outbox:' .. reporter, key)
  redis.call('ZREM', P .. 'outbox_due:' .. reporter, key)
  redis.call('HDEL', P .. 'outbox_tries:' .. reporter, key)
  return done(t, {})
end)

-- outbox_later(reporter, term, key, delay_ms): the receiver could not take it. value: {tries so far}
define('outbox_later', function(P, a)
  local reporter, term, key = take_name(a, 'a reporter'), take_int(a, 1), take_name(a, 'a key')
  local delay = take_int(a, 1)
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = not_held(P, reporter_role(reporter), term)
  if refused then return refused end
  if redis.call('HEXISTS', P .. 'outbox:' .. reporter, key) == 0 then return no('gone: no message ' .. key) end
  local t = begin(P, a)
  redis.call('ZADD', P .. 'outbox_due:' .. reporter, whole(t.now + delay), key)
  local tries = redis.call('HINCRBY', P .. 'outbox_tries:' .. reporter, key, 1)
  return done(t, { tries })
end)

-- reporter_drop(reporter, config_version): a reporter that the current configuration does not have; its cursor
-- would keep the event log from being trimmed. value: {}
define('reporter_drop', function(P, a)
  local reporter, version = take_name(a, 'a reporter'), take_int(a, 0)
  take_end(a)
  if a.bad then return no(a.bad) end
  local refused = wrong_config(P, version)
  if refused then return refused end
  if redis.call('SISMEMBER', P .. 'reporters', reporter) == 0 then return no('gone: no reporter ' .. reporter) end
  local t = begin(P, a)
  redis.call('SREM', P .. 'reporters', reporter)
  redis.call('DEL', P .. 'cursor:reporter:' .. reporter, P .. 'outbox:' .. reporter, P .. 'outbox_due:' .. reporter,
    P .. 'outbox_tries:' .. reporter)
  return done(t, {})
end)
