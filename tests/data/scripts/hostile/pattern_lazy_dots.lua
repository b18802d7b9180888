-- expect: time_limit
return {
  name = "pattern-lazy-dots",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('a'):rep(100000):find('.-.-.-.-b')}, 'x'
  end,
}
