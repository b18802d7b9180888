-- expect: script_failed
return {
  name = "metatable-of-texts",
  about = "Hostile.",
  resolve = function(c)
    getmetatable('').__index = function() while true do end end
  end,
}
