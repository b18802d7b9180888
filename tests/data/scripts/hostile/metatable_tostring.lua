-- expect: script_failed
return {
  name = "metatable-tostring",
  about = "Hostile.",
  resolve = function(c)
    error(setmetatable({}, {__tostring = function() while true do end end}))
  end,
}
