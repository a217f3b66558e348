-- SPDX-License-Identifier: Apache-2.0
-- What every function stands on: reading arguments, the clock, the numbered event log.
--
-- Rules of this library (Redis functions do not roll back):
--   * a function first reads and checks everything, then only writes what cannot fail;
--   * a refusal is a value, {'no', 'word: reason'}, never error();
--   * bodies are opaque MessagePack of the caller; only their first byte is looked at;
--   * KEYS[1] is the prefix with its hash tag; every other key is the prefix and a name;
--   * ARGV[1] is 16 random hex digits of the caller, from which the tags of the events are made.
--
-- RESULTS (verdicts by name) and LIMITS (bounds by name) stand above this text: functions.cpp writes them from
-- model/results.hpp, model/ids.hpp and store/limits.hpp.

local SIMULATED_CLOCK = false -- the loader writes true here on the simulation's own server
local LIBRARY_DIGEST = 'none' -- the loader writes the digest of this text here

-- ---- arguments ----

-- A cursor over ARGV that collects the first mistake; the take_… functions answer a harmless value then.
local function arguments(argv)
  return { argv = argv, at = 0, bad = nil }
end

local function broken(a, what)
  if not a.bad then
    local value = a.argv[a.at]
    a.bad = 'bad: argument ' .. a.at .. ' is ' .. (value and ("'" .. string.sub(value, 1, 40) .. "'") or 'missing') .. ', expected ' .. what
  end
end

local function take(a)
  a.at = a.at + 1
  local value = a.argv[a.at]
  if value == nil then broken(a, 'a value') end
  return value or ''
end

local function take_int(a, least, most)
  local text = take(a)
  local n = nil
  if #text <= 15 and string.find(text, '^%-?%d+$') then n = tonumber(text) end
  if n == nil or n < least or (most and n > most) then
    broken(a, 'an integer of ' .. least .. (most and (' to ' .. most) or ' or more'))
    return least
  end
  return n
end

local function take_name(a, what)
  local text = take(a)
  if text == '' or #text > 300 or string.find(text, '%c') then broken(a, what) end
  return text
end

local function take_key(a) -- may be empty
  local text = take(a)
  if #text > 300 or string.find(text, '%c') then broken(a, 'a key of at most 300 printable characters') end
  return text
end

local function take_hex(a, digits)
  local text = take(a)
  if #text ~= digits or string.find(text, '[^0-9a-f]') then broken(a, digits .. ' hex digits') end
  return text
end

local function take_map(a) -- MessagePack of a map
  local text = take(a)
  local first = string.byte(text, 1)
  if not first or not ((first >= 0x80 and first <= 0x8f) or first == 0xde or first == 0xdf) then
    broken(a, 'MessagePack of a map')
  end
  return text
end

local function take_choice(a, choices)
  local text = take(a)
  for _, choice in ipairs(choices) do
    if text == choice then return text end
  end
  broken(a, 'one of ' .. table.concat(choices, ', '))
  return choices[1]
end

local function take_end(a)
  if a.at < #a.argv then
    a.at = a.at + 1
    broken(a, 'nothing more')
  end
end

-- ---- answers ----

local function no(reason) return { 'no', reason } end

-- ---- the clock and the event log ----

local function now_ms(P)
  if SIMULATED_CLOCK then return tonumber(redis.call('GET', P .. 'clock') or '1') end
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function whole(n) return string.format('%.0f', n) end

-- Opens a transition. Reads only.
local function begin(P, a)
  local head = redis.call('HMGET', P .. 'head', 'n', 'tag')
  return { P = P, tag = a.tag, now = now_ms(P), n = tonumber(head[1] or '0'), prev = head[2] or '', out = {} }
end

-- Appends an event: ids are integers that this function decided, the body is the caller's.
local function emit(t, topic, ids, body)
  t.n = t.n + 1
  local tag = t.tag .. '.' .. (#t.out / 2)
  local envelope = cmsgpack.pack({ t.n, tag, t.prev, topic, t.now, ids })
  redis.call('XADD', t.P .. 'events', whole(t.n) .. '-0', 'e', envelope, 'b', body)
  t.prev = tag
  t.out[#t.out + 1] = envelope
  t.out[#t.out + 1] = body
end

-- Closes a transition: {'ok', value, envelope, body, envelope, body …}.
local function done(t, value)
  if #t.out > 0 then redis.call('HSET', t.P .. 'head', 'n', whole(t.n), 'tag', t.prev) end
  local reply = { 'ok', cmsgpack.pack(value) }
  for i = 1, #t.out do reply[i + 2] = t.out[i] end
  return reply
end

-- Registers `body(P, a)` under the library's prefix; takes the caller's tag, so that every function begins
-- alike. Names carry the library's major version, so that two majors can live side by side.
local function define(name, body)
  redis.register_function('headrace1_' .. name, function(keys, argv)
    if #keys ~= 1 or keys[1] == '' then return no('bad: exactly one key, the prefix, is expected') end
    local a = arguments(argv)
    a.tag = take_hex(a, 16)
    return body(keys[1], a)
  end)
end

-- Registers a function that only reads: several things as they are at one moment, in one answer.
local function define_read(name, body)
  redis.register_function { function_name = 'headrace1_' .. name, flags = { 'no-writes' },
    callback = function(keys, argv)
      if #keys ~= 1 or keys[1] == '' then return redis.error_reply('exactly one key, the prefix, is expected') end
      return body(keys[1], argv)
    end }
end

-- ---- leases of roles, used by several groups ----

-- Value of a lease clock: it moves only while somebody ticks it, at most 2 s a tick (see lease.lua).
local function lease_clock(P, name)
  return tonumber(redis.call('HGET', P .. 'lease_clock', name) or '0')
end

-- nil when `role` is held with this term, else the refusal. An empty role needs none.
local function not_held(P, role, term)
  if role == '' then return nil end
  local current = redis.call('HGET', P .. 'role:' .. role, 'term')
  if current ~= whole(term) then
    return no('stale: the term of ' .. role .. ' is ' .. (current or 'none') .. ', not ' .. whole(term))
  end
  return nil
end

local function wrong_config(P, version)
  local current = redis.call('HGET', P .. 'config', 'version') or '0'
  if current ~= whole(version) then
    return no('config: version ' .. current .. ' is current, not ' .. whole(version))
  end
  return nil
end
