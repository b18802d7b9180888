-- expect: memory_limit|time_limit
return {
  name = "memory-gsub-multiplies",
  about = "Hostile.",
  resolve = function(c)
    return {v = ('x'):rep(1000000):gsub('.', ('y'):rep(1000))}, 'x'
  end,
}
