-- The newest wish for a temperature, kept within limits; all else merged.
--
-- When to use it: several people and homes set one thermostat, the last one is to have it, and no mistake is to freeze the pipes
-- or to heat an empty house. With everybody away (`preset_mode` is "away" in the newest version) the lower limit is what is wanted.
local LOW, HIGH = 12, 23
local WANTED = {"target_temperature", "temperature", "attributes.temperature"}

return {
  name = "thermostat-limits",
  about = "Takes the newest wanted temperature, never below 12 or above 23 degrees.",
  applies_to = {ids = {"climate.*", "thermostat.*", "water_heater.*"}},
  resolve = function(c)
    local latest = hg.newest(c)
    local fields, reason = hg.merge(c), "the newest wish"
    local away = hg.get(latest, "preset_mode") == "away" or hg.get(latest, "attributes.preset_mode") == "away"
    local found = false
    for _, path in ipairs(WANTED) do
      local wanted = hg.get(fields, path)
      if math.type(wanted) then
        found = true
        local kept = hg.clamp(wanted, LOW, HIGH)
        if away then kept = LOW end
        if away then
          reason = "everybody is away"
        elseif kept ~= wanted then
          reason = "the newest wish, kept between " .. LOW .. " and " .. HIGH
        end
        hg.set(fields, path, kept)
      end
    end
    if not found then return nil, "no version says which temperature is wanted" end
    return fields, reason
  end,
}
