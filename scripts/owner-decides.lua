-- The owner's value for some fields, the newest for all others.
--
-- When to use it: others may work a thing and only its owner sets it up: whoever is at the beach switches the lamp there, but its
-- name, its limits and its schedule are the beach house's own. Put the fields that are the owner's into the list; one that ends in a
-- dot stands for all below it.
local OWNERS = {"name", "friendly_name", "attributes.friendly_name", "limits.", "schedule.", "attributes.limits.", "attributes.schedule."}

local function is_owners(path)
  for _, own in ipairs(OWNERS) do
    if path == own or (own:sub(-1) == "." and path:sub(1, #own) == own) then return true end
  end
  return false
end

return {
  name = "owner-decides",
  about = "Takes some fields from the owner's version and the newest of all others.",
  resolve = function(c)
    local own = hg.owner(c)
    local fields = hg.merge(c)
    if not own then return fields, "the owner has no part in this; merged field by field" end
    local paths = {}
    for _, version in ipairs(hg.live(c)) do
      for _, path in ipairs(hg.paths(version.fields)) do
        if is_owners(path) then paths[path] = true end
      end
    end
    for path in pairs(paths) do hg.set(fields, path, hg.get(own, path)) end
    return fields, "the owner's settings, and the newest of the rest"
  end,
}
