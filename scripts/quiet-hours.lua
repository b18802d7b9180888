-- What was written by day beats what was written during quiet hours; all else is latest-wins.
--
-- When to use it: at night things are changed by half asleep people, by sleepwalking automations and by clocks that are wrong, and
-- what was set by day is what the family wants: alarm times, heating plans, the volume of a doorbell. Put your own hours and your
-- distance from UTC into the three lines. Stamps of clocks that nobody vouches for count as quiet.
local FROM, TO = "22:30", "06:30"
local MINUTES_EAST = 60 -- of UTC: 60 is Berlin in winter, -300 is New York

local function by_day(version)
  return version.trusted and not hg.within(hg.minute_of_day(version.time, MINUTES_EAST), FROM, TO)
end

return {
  name = "quiet-hours",
  about = "Prefers what was written outside of quiet hours; then the newest.",
  resolve = function(c)
    local version = hg.newest(c, by_day)
    if version then return version.fields, "the newest that was written outside of quiet hours" end
    return hg.newest(c).fields, "all were written in quiet hours; the newest"
  end,
}
