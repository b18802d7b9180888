-- expect: memory_limit|time_limit
return {
  name = "memory-gsub-whole-match",
  about = "Hostile.",
  resolve = function(c)
    return {v = ('x'):rep(1000000):gsub('.*', ('%0'):rep(100))}, 'x'
  end,
}
