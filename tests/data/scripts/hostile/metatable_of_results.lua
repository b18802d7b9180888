-- expect: script_failed
return {
  name = "metatable-of-results",
  about = "Hostile.",
  resolve = function(c)
    return setmetatable({}, {__index = function() while true do end end}), 'x'
  end,
}
