-- expect: script_failed
return {
  name = "metatable-index-itself",
  about = "Hostile.",
  resolve = function(c)
    local t = {} setmetatable(t, {__index = t}) return {v = t.x}, 'x'
  end,
}
