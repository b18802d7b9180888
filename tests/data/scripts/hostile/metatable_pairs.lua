-- expect: script_failed
return {
  name = "metatable-pairs",
  about = "Hostile.",
  resolve = function(c)
    for k in pairs(setmetatable({}, {__pairs = function() return function() return 1 end end})) do end
  end,
}
