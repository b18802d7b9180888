-- expect: script_failed
return {
  name = "metatable-gc-again-and-again",
  about = "Hostile.",
  resolve = function(c)
    local function again() setmetatable({}, {__gc = again}) end again()
  end,
}
