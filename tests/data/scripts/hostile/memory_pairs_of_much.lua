-- expect: memory_limit|time_limit
return {
  name = "memory-pairs-of-much",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 3000000 do t['k' .. i] = i end
    for k in pairs(t) do end
    return {}, 'x'
  end,
}
