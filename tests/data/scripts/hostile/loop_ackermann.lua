-- expect: time_limit|script_failed|memory_limit
return {
  name = "loop-ackermann",
  about = "Hostile.",
  resolve = function(c)
    local function a(m, n)
      if m == 0 then return n + 1 end
      if n == 0 then return a(m - 1, 1) end
      return a(m - 1, a(m, n - 1))
    end
    return {n = a(4, 2)}, 'x'
  end,
}
