-- expect: memory_limit|time_limit
return {
  name = "memory-format",
  about = "Hostile.",
  resolve = function(c)
    local s = ('x'):rep(1000000)
    return {v = string.format(('%s'):rep(60), s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)}, 'x'
  end,
}
