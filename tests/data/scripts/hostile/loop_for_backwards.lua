-- expect: time_limit
return {
  name = "loop-for-backwards",
  about = "Hostile.",
  resolve = function(c)
    for i = math.maxinteger, math.mininteger, -1 do end
  end,
}
