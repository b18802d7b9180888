-- expect: memory_limit|time_limit
return {
  name = "memory-keys",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, math.maxinteger do t[('k'):rep(200) .. i] = true end
  end,
}
