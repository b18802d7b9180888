-- expect: time_limit
return {
  name = "loop-goto",
  about = "Hostile.",
  resolve = function(c)
    ::again:: goto again
  end,
}
