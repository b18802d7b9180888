-- expect: script_failed
return {
  name = "metatable-weak",
  about = "Hostile.",
  resolve = function(c)
    local t = setmetatable({}, {__mode = 'k'})
  end,
}
