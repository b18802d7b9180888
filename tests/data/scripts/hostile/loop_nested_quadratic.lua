-- expect: time_limit
return {
  name = "loop-nested-quadratic",
  about = "Hostile.",
  resolve = function(c)
    local n = 0
    for i = 1, 1e6 do for j = 1, 1e6 do n = n + 1 end end
    return {n = n}, 'x'
  end,
}
