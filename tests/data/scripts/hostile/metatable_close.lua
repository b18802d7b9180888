-- expect: script_failed
return {
  name = "metatable-close",
  about = "Hostile.",
  resolve = function(c)
    local x <close> = setmetatable({}, {__close = function() while true do end end})
  end,
}
