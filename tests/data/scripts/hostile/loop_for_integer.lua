-- expect: time_limit
return {
  name = "loop-for-integer",
  about = "Hostile.",
  resolve = function(c)
    for i = 1, math.maxinteger do end
    return {}, 'done'
  end,
}
