-- expect: script_failed
return {
  name = "metatable-call",
  about = "Hostile.",
  resolve = function(c)
    local f = setmetatable({}, {}) f()
  end,
}
