-- SPDX-License-Identifier: Apache-2.0
-- Configuration versions, allowed keys, and the length of the event log.

-- config_apply(expected, digest, files, count, (kind, name) × count): a new version, unless these files
-- are current already. expected: the version that the caller read, -1 for any.
-- value: {version}. Names get their REST ids here, once and for ever.
define('config_apply', function(P, a)
  local expected, digest, files = take_int(a, -1), take_name(a, 'a digest'), take_map(a)
  local count = take_int(a, 0, LIMITS.names)
  local names = {}
  for i = 1, count do
    names[i] = { take_choice(a, { 'builder', 'worker', 'scheduler', 'changesource' }), take_name(a, 'a name') }
    if a.bad then break end
  end
  take_end(a)
  if a.bad then return no(a.bad) end
  local c = redis.call('HMGET', P .. 'config', 'version', 'digest')
  local version = tonumber(c[1] or '0')
  if expected >= 0 and expected ~= version then
    return no('config: version ' .. whole(version) .. ' is current, not ' .. whole(expected))
  end
  local t = begin(P, a)
  if c[2] == digest then return done(t, { version }) end

  version = version + 1
  redis.call('SET', P .. 'config:' .. whole(version), files)
  redis.call('HSET', P .. 'config', 'version', whole(version), 'digest', digest)
  for _, n in ipairs(names) do
    local key = P .. 'ids:' .. n[1]
    if redis.call('HEXISTS', key, n[2]) == 0 then
      redis.call('HSET', key, n[2], whole(redis.call('HINCRBY', P .. 'ids', n[1], 1)))
    end
  end
  emit(t, 'config.applied', { version = version }, '')
  return done(t, { version })
end)

-- key_allow(kind, public_key, name) and key_forbid(kind, public_key): CURVE keys, one by one.
local function take_public_key(a)
  local text = take(a)
  if #text ~= 40 then broken(a, 'a Z85 key of 40 characters') end
  return text
end
define('key_allow', function(P, a)
  local kind, key, name = take_choice(a, { 'worker', 'subscriber' }), take_public_key(a), take_name(a, 'a name')
  take_end(a)
  if a.bad then return no(a.bad) end
  local t = begin(P, a)
  redis.call('HSET', P .. 'keys:' .. kind, key, name)
  emit(t, 'keys.changed', {}, '')
  return done(t, {})
end)
define('key_forbid', function(P, a)
  local kind, key = take_choice(a, { 'worker', 'subscriber' }), take_public_key(a)
  take_end(a)
  if a.bad then return no(a.bad) end
  if redis.call('HEXISTS', P .. 'keys:' .. kind, key) == 0 then return no('gone: no such key') end
  local t = begin(P, a)
  redis.call('HDEL', P .. 'keys:' .. kind, key)
  emit(t, 'keys.changed', {}, '')
  return done(t, {})
end)

-- events_trim(keep): drops old events, never past the scheduler or a reporter, and keeps the last
-- `keep` for views. value: {number up to which events may be gone}
define('events_trim', function(P, a)
  local keep = take_int(a, 1)
  take_end(a)
  if a.bad then return no(a.bad) end
  local t = begin(P, a)
  local upto = t.n - keep
  upto = math.min(upto, tonumber(redis.call('HGET', P .. 'cursor:scheduler', 'n') or '0'))
  for _, reporter in ipairs(redis.call('SMEMBERS', P .. 'reporters')) do
    upto = math.min(upto, tonumber(redis.call('HGET', P .. 'cursor:reporter:' .. reporter, 'n') or '0'))
  end
  if upto > 0 then redis.call('XTRIM', P .. 'events', 'MINID', '~', whole(upto + 1) .. '-0', 'LIMIT', 2000) end
  return done(t, { math.max(0, upto) })
end)

-- logs_moved(build …): the logs of these finished builds, at most LIMITS.moved, are in the log store. value: {}
define('logs_moved', function(P, a)
  local builds = { whole(take_int(a, 1)) }
  while a.at < #a.argv and #builds < LIMITS.moved and not a.bad do builds[#builds + 1] = whole(take_int(a, 1)) end
  take_end(a)
  if a.bad then return no(a.bad) end
  local t = begin(P, a)
  redis.call('ZREM', P .. 'logs_to_move', unpack(builds))
  return done(t, {})
end)
