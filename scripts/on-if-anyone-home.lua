-- Stays on if any version says that somebody is at home; else the newest.
--
-- When to use it: lamps, heating and the like that are to stay on while anybody is there, where each home or room sensor only
-- knows of its own people. A version speaks for somebody when one of the fields below is true, a number above zero, or a list that is
-- not empty. With nobody home, and where nothing says, the newest version stands.
local PRESENCE = {"occupied", "anyone_home", "people", "attributes.occupied", "attributes.anyone_home", "attributes.people"}
local STATE, ON = "state", "on"

local function says_yes(value)
  if type(value) == "number" then return value > 0 end
  if type(value) == "table" then return next(value) ~= nil end
  return value == true
end

local function anyone(version)
  for _, path in ipairs(PRESENCE) do
    if says_yes(hg.get(version, path)) then return true end
  end
  return false
end

return {
  name = "on-if-anyone-home",
  about = "Keeps a thing on if any version says that somebody is at home.",
  resolve = function(c)
    local with = hg.newest(c, anyone)
    if not with then return hg.newest(c).fields, "nobody is at home; the newest" end
    local fields = hg.merge(c)
    for _, path in ipairs(PRESENCE) do
      local value = hg.get(with, path)
      if value ~= nil then hg.set(fields, path, value) end
    end
    hg.set(fields, STATE, ON)
    return fields, "somebody is at home"
  end,
}
