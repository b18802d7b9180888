-- expect: memory_limit|time_limit
return {
  name = "memory-reverse",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    local s = ('ab'):rep(500000)
    while true do s = s:reverse() .. #t t[#t + 1] = s end
  end,
}
