-- expect: time_limit
return {
  name = "loop-pairs-again-and-again",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 1000 do t[i] = i end
    while true do for k in pairs(t) do end end
  end,
}
