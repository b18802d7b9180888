-- expect: memory_limit|time_limit
return {
  name = "memory-long-numbers",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    while true do t[#t + 1] = string.format('%.99f', 1e308 / (#t + 1)) end
  end,
}
