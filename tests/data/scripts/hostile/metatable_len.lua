-- expect: script_failed
return {
  name = "metatable-len",
  about = "Hostile.",
  resolve = function(c)
    table.insert(setmetatable({}, {__len = function() return math.maxinteger end}), 1)
  end,
}
