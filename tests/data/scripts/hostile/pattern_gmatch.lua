-- expect: time_limit
return {
  name = "pattern-gmatch",
  about = "Hostile.",
  resolve = function(c)
    for w in ('a'):rep(100000):gmatch('(a*)(a*)(a*)b') do end
  end,
}
