-- The average of several readings, as long as each is believable; all else merged.
--
-- When to use it: several sensors or homes report one quantity, and none of them is the right one: the outdoor temperature, air
-- pressure, a level of water. A reading outside of its bounds is a broken sensor and does not count. Where no reading is within
-- the bounds, the conflict is left to people. Put your own fields and bounds into the table.
local BOUNDS = {
  ["temperature"] = {-40, 60},
  ["humidity"] = {0, 100},
  ["pressure"] = {850, 1100},
  ["attributes.temperature"] = {-40, 60},
  ["attributes.humidity"] = {0, 100},
  ["attributes.pressure"] = {850, 1100},
}

return {
  name = "average-within-bounds",
  about = "Averages readings that lie within their bounds, and declines when none does.",
  resolve = function(c)
    local fields, settled = hg.merge(c), {}
    for _, path in ipairs(hg.clashes(c)) do
      local bounds = BOUNDS[path]
      local believable = {}
      for _, number in ipairs(bounds and hg.numbers(c, path) or {}) do
        if number >= bounds[1] and number <= bounds[2] then believable[#believable + 1] = number end
      end
      if bounds and #believable == 0 then return nil, "no value of " .. path .. " is believable" end
      if bounds then
        hg.set(fields, path, hg.round(hg.average(believable), 2))
        settled[#settled + 1] = path .. " of " .. #believable
      end
    end
    if #settled == 0 then return fields, "no known reading clashes; merged field by field" end
    return fields, "averaged " .. table.concat(settled, ", ")
  end,
}
