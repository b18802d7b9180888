-- expect: time_limit
return {
  name = "loop-next-quadratic",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 60000 do t['k' .. i] = i end
    local k
    repeat k = next(t, k) until k == nil
    return {}, 'x'
  end,
}
