-- expect: time_limit
return {
  name = "loop-copy",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 3000 do t[i] = {i} end
    while true do hg.copy(t) end
  end,
}
