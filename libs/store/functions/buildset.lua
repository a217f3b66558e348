-- SPDX-License-Identifier: Apache-2.0
-- Buildsets and their requests: made by schedulers and by force, completed by their last request.

local REPEAT_TTL_MS = 24 * 3600 * 1000

-- Reads `body, count, (builder, priority) × count`.
local function take_buildset(args)
  local set = { body = take_map(args), requests = {} }
  local count = take_int(args, 0, LIMITS.requests)
  for i = 1, count do
    set.requests[i] = { builder = take_name(args, 'a builder'), priority = take_int(args, -1000000, 1000000) }
  end
  return set
end

-- verdicts, from best to worst
local RANK = { [RESULTS.skipped] = 0, [RESULTS.success] = 1, [RESULTS.warnings] = 2, [RESULTS.failure] = 3,
  [RESULTS.exception] = 4, [RESULTS.retry] = 5, [RESULTS.cancelled] = 6 }
local function worst(x, y)
  if RANK[x] >= RANK[y] then return x end
  return y
end

local function make_buildset(transition, set)
  local prefix, count = transition.prefix, #set.requests
  local bsid = redis.call('HINCRBY', prefix .. 'ids', 'buildset', 1)
  local first_id = redis.call('HINCRBY', prefix .. 'ids', 'request', count) - count + 1
  redis.call('HSET', prefix .. 'buildset:' .. whole(bsid), 'body', set.body, 'at', whole(transition.now), 'left', count,
    'first', whole(first_id), 'results', RESULTS.success)
  for i, request in ipairs(set.requests) do
    local id = whole(first_id + i - 1)
    redis.call('HSET', prefix .. 'request:' .. id, 'state', 'pending', 'builder', request.builder, 'bsid', whole(bsid),
      'priority', request.priority, 'at', whole(transition.now), 'attempts', 0)
    redis.call('ZADD', prefix .. 'open', id, id)
  end
  emit(transition, 'buildset.new', { bsid = bsid, first_request = first_id }, set.body)
  if count == 0 then
    redis.call('HSET', prefix .. 'buildset:' .. whole(bsid), 'complete', whole(transition.now))
    emit(transition, 'buildset.complete', { bsid = bsid, results = RESULTS.success }, '')
  end
  return bsid, first_id
end

-- Ends a request with `results` (never RETRY) and, with the last one, its buildset. The caller has
-- freed the worker's slot and emits the event of the end itself, before this.
local function complete_request(transition, id, bsid, results)
  local prefix = transition.prefix
  redis.call('HSET', prefix .. 'request:' .. id, 'state', 'complete', 'results', results, 'complete', whole(transition.now))
  redis.call('HDEL', prefix .. 'request:' .. id, 'nonce', 'session', 'wanted')
  redis.call('ZREM', prefix .. 'open', id)
  local key = prefix .. 'buildset:' .. bsid
  local remaining = redis.call('HINCRBY', key, 'left', -1)
  local overall = worst(tonumber(redis.call('HGET', key, 'results') or RESULTS.success), results)
  redis.call('HSET', key, 'results', overall)
  if remaining == 0 then
    redis.call('HSET', key, 'complete', whole(transition.now))
    emit(transition, 'buildset.complete', { bsid = tonumber(bsid), results = overall }, '')
  end
end

-- buildset_add(repeat_key, config_version, body, count, (builder, priority) …)
-- value: {bsid, first request, count}
define('buildset_add', function(prefix, args)
  local key, version = take_key(args), take_int(args, 0)
  local set = take_buildset(args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  if key ~= '' then
    local before = redis.call('GET', prefix .. 'repeat:' .. key)
    if before then return { 'ok', before } end
  end
  local refused = wrong_config(prefix, version)
  if refused then return refused end

  local transition = begin(prefix, args)
  local bsid, first_id = make_buildset(transition, set)
  local value = { bsid, first_id, #set.requests }
  if key ~= '' then redis.call('SET', prefix .. 'repeat:' .. key, cmsgpack.pack(value), 'PX', REPEAT_TTL_MS) end
  return done(transition, value)
end)

-- request_cancel(request, reason): reason is MessagePack of {reason = text}.
-- value: {state it was in}. Pending and offered end at once; of a running build a wanted state is set, and said.
define('request_cancel', function(prefix, args)
  local id, reason = take_int(args, 1), take_map(args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local key = prefix .. 'request:' .. whole(id)
  local r = redis.call('HMGET', key, 'state', 'bsid', 'worker', 'slot', 'build', 'wanted')
  local state = r[1]
  if not state then return refuse('gone: there is no request ' .. whole(id)) end
  if state == 'complete' then return refuse('gone: request ' .. whole(id) .. ' is complete') end

  local transition = begin(prefix, args)
  if state == 'running' then
    -- Said again each time: whoever drives the build may not have heard of the first one. The first reason stays.
    if not r[6] then redis.call('HSET', key, 'wanted', reason) end
    emit(transition, 'request.cancel', { request = id, buildid = tonumber(r[5]) }, r[6] or reason)
  else
    if state == 'offered' then
      redis.call('HDEL', prefix .. 'slots:' .. r[3], r[4])
      redis.call('ZREM', prefix .. 'offers', whole(id))
    end
    emit(transition, 'request.complete', { request = id, bsid = tonumber(r[2]), results = RESULTS.cancelled }, reason)
    complete_request(transition, whole(id), r[2], RESULTS.cancelled)
  end
  return done(transition, { state })
end)
