-- The newest version of a clock that is right; what was stamped by a clock that nobody vouches for only where there is nothing else.
--
-- When to use it: things that are written by small boxes without a battery-backed clock, by gateways that start without a network,
-- or far away: a stamp from 1970 or from next year is not to win or lose by accident. Where all clocks are in doubt, the owner's
-- version stands, and without one the conflict is left to people.
return {
  name = "trusted-clock",
  about = "Takes the newest version of a trusted clock, else the owner's, else declines.",
  resolve = function(c)
    local version = hg.newest(c, function(v) return v.trusted end)
    if version then return version.fields, "the newest of those with a right clock" end
    version = hg.owner(c)
    if version then return version.fields, "no clock was right; the owner's version" end
    return nil, "no clock was right, and the owner took no part"
  end,
}
