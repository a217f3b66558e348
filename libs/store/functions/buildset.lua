-- SPDX-License-Identifier: Apache-2.0
-- Buildsets and their requests: made by schedulers and by force, completed by their last request.

local REPEAT_TTL_MS = 24 * 3600 * 1000

-- Reads `body, count, (builder, priority) × count`.
local function take_buildset(a)
  local set = { body = take_map(a), requests = {} }
  local count = take_int(a, 0, LIMITS.requests)
  for i = 1, count do
    set.requests[i] = { builder = take_name(a, 'a builder'), priority = take_int(a, -1000000, 1000000) }
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

local function make_buildset(t, set)
  local P, count = t.P, #set.requests
  local bsid = redis.call('HINCRBY', P .. 'ids', 'buildset', 1)
  local first = redis.call('HINCRBY', P .. 'ids', 'request', count) - count + 1
  redis.call('HSET', P .. 'buildset:' .. whole(bsid), 'body', set.body, 'at', whole(t.now), 'left', count,
    'first', whole(first), 'results', RESULTS.success)
  for i, request in ipairs(set.requests) do
    local id = whole(first + i - 1)
    redis.call('HSET', P .. 'request:' .. id, 'state', 'pending', 'builder', request.builder, 'bsid', whole(bsid),
      'priority', request.priority, 'at', whole(t.now), 'attempts', 0)
    redis.call('ZADD', P .. 'open', id, id)
  end
  emit(t, 'buildset.new', { bsid = bsid, first_request = first }, set.body)
  if count == 0 then
    redis.call('HSET', P .. 'buildset:' .. whole(bsid), 'complete', whole(t.now))
    emit(t, 'buildset.complete', { bsid = bsid, results = RESULTS.success }, '')
  end
  return bsid, first
end

-- Ends a request with `results` (never RETRY) and, with the last one, its buildset. The caller has
-- freed the worker's slot and emits the event of the end itself, before this.
local function complete_request(t, id, bsid, results)
  local P = t.P
  redis.call('HSET', P .. 'request:' .. id, 'state', 'complete', 'results', results, 'complete', whole(t.now))
  redis.call('HDEL', P .. 'request:' .. id, 'nonce', 'session', 'wanted')
  redis.call('ZREM', P .. 'open', id)
  local key = P .. 'buildset:' .. bsid
  local left = redis.call('HINCRBY', key, 'left', -1)
  local overall = worst(tonumber(redis.call('HGET', key, 'results') or RESULTS.success), results)
  redis.call('HSET', key, 'results', overall)
  if left == 0 then
    redis.call('HSET', key, 'complete', whole(t.now))
    emit(t, 'buildset.complete', { bsid = tonumber(bsid), results = overall }, '')
  end
end

-- buildset_add(repeat_key, config_version, body, count, (builder, priority) …)
-- value: {bsid, first request, count}
define('buildset_add', function(P, a)
  local key, version = take_key(a), take_int(a, 0)
  local set = take_buildset(a)
  take_end(a)
  if a.bad then return no(a.bad) end
  if key ~= '' then
    local before = redis.call('GET', P .. 'repeat:' .. key)
    if before then return { 'ok', before } end
  end
  local refused = wrong_config(P, version)
  if refused then return refused end

  local t = begin(P, a)
  local bsid, first = make_buildset(t, set)
  local value = { bsid, first, #set.requests }
  if key ~= '' then redis.call('SET', P .. 'repeat:' .. key, cmsgpack.pack(value), 'PX', REPEAT_TTL_MS) end
  return done(t, value)
end)

-- request_cancel(request, reason): reason is MessagePack of {reason = text}.
-- value: {state it was in}. Pending and offered end at once; of a running build a wanted state is set, and said.
define('request_cancel', function(P, a)
  local id, reason = take_int(a, 1), take_map(a)
  take_end(a)
  if a.bad then return no(a.bad) end
  local key = P .. 'request:' .. whole(id)
  local r = redis.call('HMGET', key, 'state', 'bsid', 'worker', 'slot', 'build', 'wanted')
  local state = r[1]
  if not state then return no('gone: there is no request ' .. whole(id)) end
  if state == 'complete' then return no('gone: request ' .. whole(id) .. ' is complete') end

  local t = begin(P, a)
  if state == 'running' then
    -- Said again each time: whoever drives the build may not have heard of the first one. The first reason stays.
    if not r[6] then redis.call('HSET', key, 'wanted', reason) end
    emit(t, 'request.cancel', { request = id, buildid = tonumber(r[5]) }, r[6] or reason)
  else
    if state == 'offered' then
      redis.call('HDEL', P .. 'slots:' .. r[3], r[4])
      redis.call('ZREM', P .. 'offers', whole(id))
    end
    emit(t, 'request.complete', { request = id, bsid = tonumber(r[2]), results = RESULTS.cancelled }, reason)
    complete_request(t, whole(id), r[2], RESULTS.cancelled)
  end
  return done(t, { state })
end)
