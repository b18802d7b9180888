-- The highest of the numbers that clash; all else merged.
--
-- When to use it: the higher number is the safe or the true one, whoever wrote it last: meter readings that only rise, a volume of
-- water, the last ticket number, the brightest wish for a lamp. A reading that two homes took in while they were apart never falls back.
local function highest(c)
  local fields, settled = hg.merge(c), {}
  for _, path in ipairs(hg.clashes(c)) do
    local value = hg.highest(c, path)
    if value ~= nil then
      hg.set(fields, path, value)
      settled[#settled + 1] = path
    end
  end
  if #settled == 0 then return fields, "no numbers clash; merged field by field" end
  return fields, "the highest value of " .. table.concat(settled, ", ")
end

return {
  name = "highest-value",
  about = "Takes the highest of the numbers that clash, and merges all else.",
  resolve = highest,
}
