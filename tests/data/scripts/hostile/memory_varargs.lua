-- expect: script_failed|memory_limit|time_limit
return {
  name = "memory-varargs",
  about = "Hostile.",
  resolve = function(c)
    local function f(...) return f(1, ...) end
    return f()
  end,
}
