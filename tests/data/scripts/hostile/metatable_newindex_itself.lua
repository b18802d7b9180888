-- expect: script_failed
return {
  name = "metatable-newindex-itself",
  about = "Hostile.",
  resolve = function(c)
    local t = {} setmetatable(t, {__newindex = t}) t.x = 1
  end,
}
