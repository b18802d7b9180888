-- expect: script_failed
return {
  name = "way-out-debug-metatable",
  about = "Hostile.",
  resolve = function(c)
    debug.setmetatable(0, {})
  end,
}
