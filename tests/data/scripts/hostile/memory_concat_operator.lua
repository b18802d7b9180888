-- expect: memory_limit|time_limit
return {
  name = "memory-concat-operator",
  about = "Hostile.",
  resolve = function(c)
    local s = ('x'):rep(1000000)
    local a = s .. s .. s .. s .. s .. s .. s .. s
    return {v = a .. a .. a .. a}, 'x'
  end,
}
