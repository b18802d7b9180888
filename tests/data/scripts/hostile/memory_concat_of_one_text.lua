-- expect: memory_limit|time_limit
return {
  name = "memory-concat-of-one-text",
  about = "Hostile.",
  resolve = function(c)
    local s, t = ('x'):rep(1000000), {}
    for i = 1, 1000 do t[i] = s end
    return {v = table.concat(t)}, 'x'
  end,
}
