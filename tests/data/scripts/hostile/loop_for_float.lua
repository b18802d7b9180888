-- expect: time_limit
return {
  name = "loop-for-float",
  about = "Hostile.",
  resolve = function(c)
    for x = 0.0, math.huge do end
  end,
}
