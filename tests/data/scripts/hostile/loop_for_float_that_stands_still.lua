-- expect: time_limit
return {
  name = "loop-for-float-that-stands-still",
  about = "Hostile.",
  resolve = function(c)
    for x = 1e16, 2e16, 0.5 do end
  end,
}
