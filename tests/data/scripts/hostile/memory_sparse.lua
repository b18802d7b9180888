-- expect: memory_limit|time_limit
return {
  name = "memory-sparse",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 62 do for j = 1, 100000 do t[(1 << i) + j] = j end end
  end,
}
