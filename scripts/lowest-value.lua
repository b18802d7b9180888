-- The lowest of the numbers that clash; all else merged.
--
-- When to use it: the lower number is the careful one: a speed or power limit, a spending cap, the target of a freezer, a counter
-- of what is left in stock, which two homes took from while they were apart.
local function lowest(c)
  local fields, settled = hg.merge(c), {}
  for _, path in ipairs(hg.clashes(c)) do
    local value = hg.lowest(c, path)
    if value ~= nil then
      hg.set(fields, path, value)
      settled[#settled + 1] = path
    end
  end
  if #settled == 0 then return fields, "no numbers clash; merged field by field" end
  return fields, "the lowest value of " .. table.concat(settled, ", ")
end

return {
  name = "lowest-value",
  about = "Takes the lowest of the numbers that clash, and merges all else.",
  resolve = lowest,
}
