-- expect: memory_limit|time_limit
return {
  name = "memory-sort-of-much",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 3000000 do t[i] = -i end
    table.sort(t)
    return {}, 'x'
  end,
}
