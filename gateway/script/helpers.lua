-- The helpers that scripts find as `hg` (scripts/README.md). Runs once for each state; `...` is a table with the functions that are
-- written in C++: copy, equal, get, list, is_list, json, sorted_keys.
local hg = ...
local error, ipairs, pairs, type = error, ipairs, pairs, type
local floor, math_type = math.floor, math.type
local concat, insert, gsub, sub = table.concat, table.insert, string.gsub, string.sub
local copy, equal, get, list, is_list, null = hg.copy, hg.equal, hg.get, hg.list, hg.is_list, null
local sorted_keys = hg.sorted_keys
hg.sorted_keys = nil -- for helpers alone: pairs() is what scripts have

local function is_object(value)
  return type(value) == "table" and not is_list(value)
end

-- "a.b" as {"a", "b"}; a backslash takes a dot or a backslash into the key.
local known, known_count = {}, 0 -- paths that were asked for; scripts ask for few, often
local function keys_of(path)
  local found = known[path]
  if found then return found end
  if type(path) ~= "string" then error("a path is a text such as 'attributes.color'", 3) end
  local keys, key, at = {}, {}, 1
  while at <= #path do
    local c = sub(path, at, at)
    if c == "\\" then
      at = at + 1
      c = sub(path, at, at)
    elseif c == "." then
      keys[#keys + 1] = concat(key)
      key, c = {}, ""
    end
    key[#key + 1] = c
    at = at + 1
  end
  keys[#keys + 1] = concat(key)
  if #path > 255 then return keys end
  if known_count == 256 then known, known_count = {}, 0 end
  known[path], known_count = keys, known_count + 1
  return keys
end

-- The keys, each a text, as one path.
function hg.path(...)
  local parts = {...}
  for i, key in ipairs(parts) do parts[i] = gsub(key, "[.\\]", "\\%0") end
  return concat(parts, ".")
end

-- Puts a value at a path of fields, where objects are made as needed; nil takes it out. Gives the fields.
local function set(fields, path, value)
  local keys = keys_of(path)
  local at = fields
  for i = 1, #keys - 1 do
    local inner = at[keys[i]]
    if not is_object(inner) then
      if value == nil then return fields end
      inner = {}
      at[keys[i]] = inner
    end
    at = inner
  end
  at[keys[#keys]] = value
  return fields
end
hg.set = set

-- The versions that are not deleted, or all when all are.
local function live(c)
  local versions, deleted = c.versions, false
  for i = 1, #versions do deleted = deleted or versions[i].deleted end
  if not deleted then return versions end
  local some = {}
  for _, version in ipairs(versions) do
    if not version.deleted then some[#some + 1] = version end
  end
  return #some > 0 and some or versions
end
hg.live = live

local function later(a, b)
  if a.trusted ~= b.trusted then return a.trusted end
  return a.time > b.time
end

-- The newest or oldest live version for which `which`, if given, says yes; nil where there is none. A stamp of a clock that is
-- known to be right is newer than any other, and of two alike the one that comes first in c.versions is taken.
local function extreme(c, which, better)
  local best
  local versions = live(c)
  for i = 1, #versions do
    local version = versions[i]
    if (not which or which(version)) and (not best or better(version, best)) then best = version end
  end
  return best
end
local function newest(c, which) return extreme(c, which, later) end
hg.newest = newest
function hg.oldest(c, which)
  return extreme(c, which, function(a, b) return later(b, a) end)
end

-- The newest version that the owner's home wrote, or nil.
function hg.owner(c)
  return newest(c, function(version) return version.owner end)
end
-- The newest version that a home wrote, by its id or by what it is called here, or nil.
function hg.by(c, home)
  return newest(c, function(version) return version.author == home or version.author_name == home end)
end

local function is_number(value)
  return math_type(value) ~= nil or (type(value) == "userdata" and value ~= null)
end

local function best_number(c, path, better)
  local best, from
  for _, version in ipairs(live(c)) do
    local value = get(version, path)
    if is_number(value) and (best == nil or better(value, best)) then best, from = value, version end
  end
  return best, from
end
-- The highest or lowest number at a path, and the version that has it; nil where none has a number there.
function hg.highest(c, path)
  return best_number(c, path, function(a, b) return a > b end)
end
function hg.lowest(c, path)
  return best_number(c, path, function(a, b) return a < b end)
end

-- The values at a path of the live versions that have one, in their order.
function hg.values(c, path)
  local found = {}
  for _, version in ipairs(live(c)) do
    local value = get(version, path)
    if value ~= nil then found[#found + 1] = value end
  end
  return found
end
-- The numbers among them that can be calculated with.
function hg.numbers(c, path)
  local found = {}
  for _, value in ipairs(hg.values(c, path)) do
    if math_type(value) then found[#found + 1] = value end
  end
  return found
end
function hg.average(numbers)
  if #numbers == 0 then return nil end
  local sum = 0.0
  for _, number in ipairs(numbers) do sum = sum + number end
  return sum / #numbers
end
function hg.clamp(number, low, high)
  if number < low then return low end
  if number > high then return high end
  return number
end
-- Rounded to so many digits behind the point (none: a whole number).
function hg.round(number, digits)
  local scale = 10.0 ^ (digits or 0)
  local rounded = floor(number * scale + 0.5)
  return (digits or 0) == 0 and rounded or rounded / scale
end

-- All that stands in the lists at a path, each once: the oldest version's first. nil where none has a list.
function hg.union(c, path)
  local versions = {}
  for i, version in ipairs(live(c)) do versions[i] = version end
  table.sort(versions, function(a, b) return later(b, a) end)
  local all, seen, found = list({}), {}, false
  for _, version in ipairs(versions) do
    local value = get(version, path)
    if type(value) == "table" and is_list(value) then
      found = true
      for _, item in ipairs(value) do
        local text = hg.json(item)
        if not seen[text] then
          seen[text] = true
          all[#all + 1] = item
        end
      end
    end
  end
  return found and all or nil
end

-- Every path at which a value stands in fields, in order. Lists and empty objects are values.
local function paths(fields, prefix, out)
  prefix, out = prefix or "", out or {}
  for key, value in pairs(fields) do
    local path = prefix .. (gsub(key, "[.\\]", "\\%0"))
    if is_object(value) and next(value) ~= nil then
      paths(value, path .. ".", out)
    else
      out[#out + 1] = path
    end
  end
  return out
end
function hg.paths(fields)
  return paths(fields)
end

-- The paths that more than one live version changed, to values that are not the same, in order.
function hg.clashes(c)
  local versions, seen, found = live(c), {}, {}
  for _, version in ipairs(versions) do
    for _, path in ipairs(sorted_keys(version.changed)) do
      local first = seen[path]
      if first == nil then
        seen[path] = version
      elseif first and not equal(get(first, path) or null, get(version, path) or null) then
        seen[path] = false
        found[#found + 1] = path
      end
    end
  end
  table.sort(found)
  return found
end

-- New fields: the newest version's, and from each other one what it alone changed; where several changed the same, the newest of
-- them. `base`, if given, is the version to start from instead of the newest.
function hg.merge(c, base)
  base = base or newest(c)
  local fields, from = copy(base.fields), {}
  local versions = live(c)
  for i = 1, #versions do
    local version = versions[i]
    local changed = sorted_keys(version.changed)
    for k = 1, #changed do
      local path = changed[k]
      if not from[path] or (version == base or (from[path] ~= base and later(version, from[path]))) then from[path] = version end
    end
  end
  -- What is taken out goes first, so that what is put below or above it stays.
  local put, all = {}, sorted_keys(from)
  for i = 1, #all do
    local path = all[i]
    local version = from[path]
    if version ~= base then
      local value = get(version, path)
      if value == nil then set(fields, path, nil) else put[#put + 1] = path end
    end
  end
  for i = 1, #put do set(fields, put[i], copy(get(from[put[i]], put[i]))) end
  return fields
end

-- Of a time in milliseconds: the minute of the day (0 to 1439) and the day of the week (1 is Monday), in UTC or so many minutes
-- east of it.
function hg.minute_of_day(ms, minutes_east)
  return floor(ms // 60000 + (minutes_east or 0)) % 1440
end
function hg.hour_utc(ms)
  return ms // 3600000 % 24
end
function hg.weekday(ms, minutes_east)
  local days = floor(ms // 60000 + (minutes_east or 0)) // 1440
  return (days + 3) % 7 + 1 -- 1970 began on a Thursday
end
-- Whether a minute of the day lies from one "HH:MM" to another, over midnight too.
function hg.within(minute, from, to)
  local function minutes(text)
    local hour, rest = string.match(text, "^(%d%d?):(%d%d)$")
    if not hour then error("within: a time of day is a text such as '22:30'", 3) end
    return hour * 60 + rest
  end
  local first, last = minutes(from), minutes(to)
  if first <= last then return minute >= first and minute < last end
  return minute >= first or minute < last
end

return hg
