-- expect: script_failed
return {
  name = "metatable-gc",
  about = "Hostile.",
  resolve = function(c)
    setmetatable({}, {__gc = function() while true do end end})
  end,
}
