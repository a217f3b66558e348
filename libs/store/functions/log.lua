-- SPDX-License-Identifier: Apache-2.0
-- Logs of running builds. KEYS[1] is the prefix of one build's logs, which lives in a slot of its own
-- (its hash tag names the build), so no other key may be touched here: the fence is copied into it.

local SEALED = 'sealed'
local LATE_MS = 600 * 1000

-- log_append(nonce, log, offset, size, lines, crc, chunk): appends if `offset` is the log's size.
--   log "<step>.<index>"; crc: of the whole log after this chunk; size, lines: of this chunk
-- value: {size of the log now, lines, crc}: the server's offset wins
define('log_append', function(P, a)
  local nonce, log = take_hex(a, 32), take(a)
  if not string.find(log, '^%d+%.%d+$') then broken(a, 'a log as <step>.<index>') end
  local offset, size, lines = take_int(a, 0), take_int(a, 1, LIMITS.chunk_text), take_int(a, 1, LIMITS.chunk_text)
  local crc, chunk = take_int(a, 0, 4294967295), take(a)
  if chunk == '' or #chunk > LIMITS.chunk_bytes then broken(a, 'a chunk of at most ' .. LIMITS.chunk_bytes .. ' bytes') end
  take_end(a)
  if a.bad then return no(a.bad) end
  local fence = redis.call('GET', P .. 'fence')
  if fence and fence ~= nonce then return no('fenced: the log belongs to another claim, or is closed') end
  local m = redis.call('HMGET', P .. log .. ':m', 'size', 'lines', 'crc')
  local have, first = tonumber(m[1] or '0'), tonumber(m[2] or '0')
  if have ~= offset then return { 'ok', cmsgpack.pack({ have, first, tonumber(m[3] or '0') }) } end

  if not fence then redis.call('SET', P .. 'fence', nonce) end
  redis.call('SADD', P .. 'logs', log)
  redis.call('RPUSH', P .. log .. ':c', chunk)
  redis.call('RPUSH', P .. log .. ':i', whole(first) .. ' ' .. whole(lines) .. ' ' .. whole(offset) .. ' ' .. whole(size))
  redis.call('HSET', P .. log .. ':m', 'size', whole(have + size), 'lines', whole(first + lines), 'crc', whole(crc))
  return { 'ok', cmsgpack.pack({ have + size, first + lines, crc }) }
end)

-- log_drop(): after the logs were moved to the log store. A late writer meets the seal.
-- value: {}
define('log_drop', function(P, a)
  take_end(a)
  if a.bad then return no(a.bad) end
  for _, log in ipairs(redis.call('SMEMBERS', P .. 'logs')) do
    redis.call('UNLINK', P .. log .. ':c', P .. log .. ':i', P .. log .. ':m')
  end
  redis.call('DEL', P .. 'logs')
  redis.call('SET', P .. 'fence', SEALED, 'PX', LATE_MS)
  return { 'ok', cmsgpack.pack({}) }
end)

-- log_state(): step, log, size, lines, crc of every log, one after the other
define_read('log_state', function(P)
  local out = {}
  for _, log in ipairs(redis.call('SMEMBERS', P .. 'logs')) do
    local step, index = string.match(log, '^(%d+)%.(%d+)$')
    local m = redis.call('HMGET', P .. log .. ':m', 'size', 'lines', 'crc')
    for _, value in ipairs { step, index, m[1] or '0', m[2] or '0', m[3] or '0' } do out[#out + 1] = value end
  end
  return out
end)
