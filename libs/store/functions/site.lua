-- SPDX-License-Identifier: Apache-2.0
-- Configuration versions, allowed keys, and the length of the event log.

-- config_apply(expected, digest, files, count, (kind, name) × count): a new version, unless these files
-- are current already. expected: the version that the caller read, -1 for any.
-- value: {version}. Names get their REST ids here, once and for ever.
define('config_apply', function(prefix, args)
  local expected, digest, files = take_int(args, -1), take_name(args, 'a digest'), take_map(args)
  local count = take_int(args, 0, LIMITS.names)
  local names = {}
  for i = 1, count do
    names[i] = { take_choice(args, { 'builder', 'worker', 'scheduler', 'changesource' }), take_name(args, 'a name') }
    if args.bad then break end
  end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local c = redis.call('HMGET', prefix .. 'config', 'version', 'digest')
  local version = tonumber(c[1] or '0')
  if expected >= 0 and expected ~= version then
    return refuse('config: version ' .. whole(version) .. ' is current, not ' .. whole(expected))
  end
  local transition = begin(prefix, args)
  if c[2] == digest then return done(transition, { version }) end

  version = version + 1
  redis.call('SET', prefix .. 'config:' .. whole(version), files)
  redis.call('HSET', prefix .. 'config', 'version', whole(version), 'digest', digest)
  for _, n in ipairs(names) do
    local key = prefix .. 'ids:' .. n[1]
    if redis.call('HEXISTS', key, n[2]) == 0 then
      redis.call('HSET', key, n[2], whole(redis.call('HINCRBY', prefix .. 'ids', n[1], 1)))
    end
  end
  emit(transition, 'config.applied', { version = version }, '')
  return done(transition, { version })
end)

-- key_allow(kind, public_key, name) and key_forbid(kind, public_key): CURVE keys, one by one.
local function take_public_key(args)
  local text = take(args)
  if #text ~= 40 then broken(args, 'a Z85 key of 40 characters') end
  return text
end
define('key_allow', function(prefix, args)
  local kind, key, name = take_choice(args, { 'worker', 'subscriber' }), take_public_key(args), take_name(args, 'a name')
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local transition = begin(prefix, args)
  redis.call('HSET', prefix .. 'keys:' .. kind, key, name)
  emit(transition, 'keys.changed', {}, '')
  return done(transition, {})
end)
define('key_forbid', function(prefix, args)
  local kind, key = take_choice(args, { 'worker', 'subscriber' }), take_public_key(args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  if redis.call('HEXISTS', prefix .. 'keys:' .. kind, key) == 0 then return refuse('gone: no such key') end
  local transition = begin(prefix, args)
  redis.call('HDEL', prefix .. 'keys:' .. kind, key)
  emit(transition, 'keys.changed', {}, '')
  return done(transition, {})
end)

-- events_trim(keep): drops old events, never past the scheduler or a reporter, and keeps the last
-- `keep` for views. value: {number up to which events may be gone}
define('events_trim', function(prefix, args)
  local keep = take_int(args, 1)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local transition = begin(prefix, args)
  local upto = transition.number - keep
  upto = math.min(upto, tonumber(redis.call('HGET', prefix .. 'cursor:scheduler', 'n') or '0'))
  for _, reporter in ipairs(redis.call('SMEMBERS', prefix .. 'reporters')) do
    upto = math.min(upto, tonumber(redis.call('HGET', prefix .. 'cursor:reporter:' .. reporter, 'n') or '0'))
  end
  if upto > 0 then redis.call('XTRIM', prefix .. 'events', 'MINID', '~', whole(upto + 1) .. '-0', 'LIMIT', 2000) end
  return done(transition, { math.max(0, upto) })
end)

-- logs_moved(build …): the logs of these finished builds, at most LIMITS.moved, are in the log store. value: {}
define('logs_moved', function(prefix, args)
  local builds = { whole(take_int(args, 1)) }
  while args.at < #args.argv and #builds < LIMITS.moved and not args.bad do builds[#builds + 1] = whole(take_int(args, 1)) end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local transition = begin(prefix, args)
  redis.call('ZREM', prefix .. 'logs_to_move', unpack(builds))
  return done(transition, {})
end)
