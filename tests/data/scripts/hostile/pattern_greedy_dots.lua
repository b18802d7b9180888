-- expect: time_limit
return {
  name = "pattern-greedy-dots",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('a'):rep(20000):find('.*.*.*.*b')}, 'x'
  end,
}
