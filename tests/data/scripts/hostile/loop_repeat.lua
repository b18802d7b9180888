-- expect: time_limit
return {
  name = "loop-repeat",
  about = "Hostile.",
  resolve = function(c)
    repeat local x = 1 until x == 2
  end,
}
