-- expect: memory_limit|time_limit
return {
  name = "loop-ipairs-that-feeds-itself",
  about = "Hostile.",
  resolve = function(c)
    local t = {1}
    for i, v in ipairs(t) do t[i + 1] = v end
  end,
}
