-- expect: time_limit
return {
  name = "pattern-back-reference",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('a'):rep(5000):find('(a*)%1(a*)%2b')}, 'x'
  end,
}
