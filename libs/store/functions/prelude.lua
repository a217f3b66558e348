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

local function broken(args, what)
  if not args.bad then
    local value = args.argv[args.at]
    args.bad = 'bad: argument ' .. args.at .. ' is ' .. (value and ("'" .. string.sub(value, 1, 40) .. "'") or 'missing') .. ', expected ' .. what
  end
end

local function take(args)
  args.at = args.at + 1
  local value = args.argv[args.at]
  if value == nil then broken(args, 'a value') end
  return value or ''
end

local function take_int(args, min, max)
  local text = take(args)
  local n = nil
  if #text <= 15 and string.find(text, '^%-?%d+$') then n = tonumber(text) end
  if n == nil or n < min or (max and n > max) then
    broken(args, 'an integer of ' .. min .. (max and (' to ' .. max) or ' or more'))
    return min
  end
  return n
end

local function take_name(args, what)
  local text = take(args)
  if text == '' or #text > 300 or string.find(text, '%c') then broken(args, what) end
  return text
end

local function take_key(args) -- may be empty
  local text = take(args)
  if #text > 300 or string.find(text, '%c') then broken(args, 'a key of at most 300 printable characters') end
  return text
end

local function take_hex(args, digits)
  local text = take(args)
  if #text ~= digits or string.find(text, '[^0-9a-f]') then broken(args, digits .. ' hex digits') end
  return text
end

local function take_map(args) -- MessagePack of a map
  local text = take(args)
  local first_byte = string.byte(text, 1)
  local is_map = first_byte and (first_byte >= 0x80 and first_byte <= 0x8f or first_byte == 0xde or first_byte == 0xdf)
  if not is_map then
    broken(args, 'MessagePack of a map')
  end
  return text
end

local function take_choice(args, choices)
  local text = take(args)
  for _, choice in ipairs(choices) do
    if text == choice then return text end
  end
  broken(args, 'one of ' .. table.concat(choices, ', '))
  return choices[1]
end

local function take_end(args)
  if args.at < #args.argv then
    args.at = args.at + 1
    broken(args, 'nothing more')
  end
end

-- ---- answers ----

local function refuse(reason) return { 'no', reason } end

-- ---- the clock and the event log ----

local function now_ms(prefix)
  if SIMULATED_CLOCK then return tonumber(redis.call('GET', prefix .. 'clock') or '1') end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function whole(n) return string.format('%.0f', n) end

-- Opens a transition. Reads only.
local function begin(prefix, args)
  local head = redis.call('HMGET', prefix .. 'head', 'n', 'tag')
  return { prefix = prefix, tag = args.tag, now = now_ms(prefix), number = tonumber(head[1] or '0'),
    last_tag = head[2] or '', out = {} }
end

-- Appends an event: ids are integers that this function decided, the body is the caller's.
local function emit(transition, topic, ids, body)
  transition.number = transition.number + 1
  local tag = transition.tag .. '.' .. (#transition.out / 2)
  local envelope = cmsgpack.pack({ transition.number, tag, transition.last_tag, topic, transition.now, ids })
  redis.call('XADD', transition.prefix .. 'events', whole(transition.number) .. '-0', 'e', envelope, 'b', body)
  transition.last_tag = tag
  transition.out[#transition.out + 1] = envelope
  transition.out[#transition.out + 1] = body
end

-- Closes a transition: {'ok', value, envelope, body, envelope, body …}.
local function done(transition, value)
  if #transition.out > 0 then
    redis.call('HSET', transition.prefix .. 'head', 'n', whole(transition.number), 'tag', transition.last_tag)
  end
  local reply = { 'ok', cmsgpack.pack(value) }
  for i = 1, #transition.out do reply[i + 2] = transition.out[i] end
  return reply
end

-- Registers `body(prefix, args)` under the library's prefix; takes the caller's tag, so that every function
-- begins alike. Names carry the library's major version, so that two majors can live side by side.
local function define(name, body)
  redis.register_function('headrace1_' .. name, function(keys, argv)
    if #keys ~= 1 or keys[1] == '' then return refuse('bad: exactly one key, the prefix, is expected') end
    local args = arguments(argv)
    args.tag = take_hex(args, 16)
    return body(keys[1], args)
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
local function lease_clock(prefix, name)
  return tonumber(redis.call('HGET', prefix .. 'lease_clock', name) or '0')
end

local MAX_MS_PER_TICK = 2000

-- Where a lease that begins now ends on the clock: the time since the last tick is no part of it.
local function lease_end(prefix, name, now, lease)
  local r = redis.call('HMGET', prefix .. 'lease_clock', name, name .. ':at')
  local since = r[2] and math.max(0, math.min(MAX_MS_PER_TICK, now - tonumber(r[2]))) or 0
  return tonumber(r[1] or '0') + since + lease
end

-- nil when `role` is held with this term, else the refusal. An empty role needs none.
local function not_held(prefix, role, term)
  if role == '' then return nil end
  local current = redis.call('HGET', prefix .. 'role:' .. role, 'term')
  if current ~= whole(term) then
    return refuse('stale: the term of ' .. role .. ' is ' .. (current or 'none') .. ', not ' .. whole(term))
  end
  return nil
end

local function wrong_config(prefix, version)
  local current = redis.call('HGET', prefix .. 'config', 'version') or '0'
  if current ~= whole(version) then
    return refuse('config: version ' .. current .. ' is current, not ' .. whole(version))
  end
  return nil
end
