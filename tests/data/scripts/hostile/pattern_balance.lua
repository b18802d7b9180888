-- expect: time_limit
return {
  name = "pattern-balance",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('('):rep(500000):find('%b()')}, 'x'
  end,
}
