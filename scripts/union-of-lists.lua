-- Lists that clash become one with everything that stands in any of them; all else merged.
--
-- When to use it: lists that people add to and rarely take from: shopping, allowed guests, members of a scene, favourites. What
-- one home took out while another one changed the list comes back; where that matters more, choose by hand (`user-choice`).
local function union(c)
  local fields, settled = hg.merge(c), {}
  for _, path in ipairs(hg.clashes(c)) do
    local all = hg.union(c, path)
    if all then
      hg.set(fields, path, all)
      settled[#settled + 1] = path
    end
  end
  if #settled == 0 then return fields, "no lists clash; merged field by field" end
  return fields, "all entries of " .. table.concat(settled, ", ")
end

return {
  name = "union-of-lists",
  about = "Joins lists that clash, each entry once, and merges all else.",
  resolve = union,
}
