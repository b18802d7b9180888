-- expect: time_limit
return {
  name = "loop-tail-call",
  about = "Hostile.",
  resolve = function(c)
    local function f(n) return f(n + 1) end
    return f(1)
  end,
}
