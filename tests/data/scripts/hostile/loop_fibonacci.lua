-- expect: time_limit
return {
  name = "loop-fibonacci",
  about = "Hostile.",
  resolve = function(c)
    local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
    return {n = fib(50)}, 'x'
  end,
}
