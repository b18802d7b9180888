-- Of the states that clash, the safest one; all else merged.
--
-- When to use it: alarms, locks, smoke detectors, water valves: where one home says danger and another says all is well, danger is
-- believed, and what is locked stays locked. Put the states of your things into the list, the safest first. A state that is
-- not in the list is left to people.
local SAFEST_FIRST = {
  "triggered", "smoke", "leak", "armed_away", "armed_vacation", "armed_night", "armed_home", "arming", "pending", "locked",
  "locking", "closed", "closing", "disarmed", "unlocking", "unlocked", "opening", "open", "clear", "ok",
}

local rank = {}
for i, state in ipairs(SAFEST_FIRST) do rank[state] = i end

return {
  name = "safest-state",
  about = "Takes the safest of the states that clash: alarmed, locked, closed before their opposites.",
  resolve = function(c)
    local best
    for _, state in ipairs(hg.values(c, "state")) do
      local place = type(state) == "string" and rank[state] or nil
      if not place then return nil, "the state " .. hg.json(state) .. " has no place in the order" end
      if not best or place < best then best = place end
    end
    if not best then return nil, "no version has a state" end
    return hg.set(hg.merge(c), "state", SAFEST_FIRST[best]), "the safest state"
  end,
}
