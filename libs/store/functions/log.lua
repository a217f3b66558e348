-- SPDX-License-Identifier: Apache-2.0
-- Logs of running builds. KEYS[1] is the prefix of one build's logs, which lives in a slot of its own
-- (its hash tag names the build), so no other key may be touched here: the fence is copied into it.

local SEALED = 'sealed'
local LATE_MS = 600 * 1000

-- log_append(nonce, log, offset, size, lines, crc, chunk): appends if `offset` is the log's size.
--   log "<step>.<index>"; crc: of the whole log after this chunk; size, lines: of this chunk
-- value: {size of the log now, lines, crc}: the server's offset wins
define('log_append', function(prefix, args)
  local nonce, log = take_hex(args, 32), take(args)
  if not string.find(log, '^%d+%.%d+$') then broken(args, 'a log as <step>.<index>') end
  local offset, size, lines = take_int(args, 0), take_int(args, 1, LIMITS.chunk_text), take_int(args, 1, LIMITS.chunk_text)
  local crc, chunk = take_int(args, 0, 4294967295), take(args)
  if chunk == '' or #chunk > LIMITS.chunk_bytes then broken(args, 'a chunk of at most ' .. LIMITS.chunk_bytes .. ' bytes') end
  take_end(args)
  if args.bad then return refuse(args.bad) end
  local fence = redis.call('GET', prefix .. 'fence')
  if fence and fence ~= nonce then return refuse('fenced: the log belongs to another claim, or is closed') end
  local m = redis.call('HMGET', prefix .. log .. ':m', 'size', 'lines', 'crc')
  local have_bytes, have_lines = tonumber(m[1] or '0'), tonumber(m[2] or '0')
  if have_bytes ~= offset then return { 'ok', cmsgpack.pack({ have_bytes, have_lines, tonumber(m[3] or '0') }) } end

  if not fence then redis.call('SET', prefix .. 'fence', nonce) end
  redis.call('SADD', prefix .. 'logs', log)
  redis.call('RPUSH', prefix .. log .. ':c', chunk)
  redis.call('RPUSH', prefix .. log .. ':i', whole(have_lines) .. ' ' .. whole(lines) .. ' ' .. whole(offset) .. ' ' .. whole(size))
  redis.call('HSET', prefix .. log .. ':m', 'size', whole(have_bytes + size), 'lines', whole(have_lines + lines), 'crc', whole(crc))
  return { 'ok', cmsgpack.pack({ have_bytes + size, have_lines + lines, crc }) }
end)

-- log_drop(): after the logs were moved to the log store. A late writer meets the seal.
-- value: {}
define('log_drop', function(prefix, args)
  take_end(args)
  if args.bad then return refuse(args.bad) end
  for _, log in ipairs(redis.call('SMEMBERS', prefix .. 'logs')) do
    redis.call('UNLINK', prefix .. log .. ':c', prefix .. log .. ':i', prefix .. log .. ':m')
  end
  redis.call('DEL', prefix .. 'logs')
  redis.call('SET', prefix .. 'fence', SEALED, 'PX', LATE_MS)
  return { 'ok', cmsgpack.pack({}) }
end)

-- log_state(): step, log, size, lines, crc of every log, one after the other
define_read('log_state', function(prefix)
  local out = {}
  for _, log in ipairs(redis.call('SMEMBERS', prefix .. 'logs')) do
    local step, index = string.match(log, '^(%d+)%.(%d+)$')
    local m = redis.call('HMGET', prefix .. log .. ':m', 'size', 'lines', 'crc')
    for _, value in ipairs { step, index, m[1] or '0', m[2] or '0', m[3] or '0' } do out[#out + 1] = value end
  end
  return out
end)
