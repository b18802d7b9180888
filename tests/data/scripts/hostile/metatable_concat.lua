-- expect: script_failed
return {
  name = "metatable-concat",
  about = "Hostile.",
  resolve = function(c)
    return {v = setmetatable({}, {__concat = function(a, b) return a .. b end}) .. 'x'}, 'x'
  end,
}
