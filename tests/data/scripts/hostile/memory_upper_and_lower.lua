-- expect: memory_limit|time_limit
return {
  name = "memory-upper-and-lower",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    local s = ('x'):rep(1000000)
    while true do s = s:upper():lower() .. 'x' t[#t + 1] = s end
  end,
}
