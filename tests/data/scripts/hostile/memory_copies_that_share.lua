-- expect: memory_limit|time_limit
return {
  name = "memory-copies-that-share",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 60 do t = {t, t} end
    return {v = hg.copy(t)}, 'x'
  end,
}
