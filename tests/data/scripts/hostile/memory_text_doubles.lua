-- expect: memory_limit|time_limit
return {
  name = "memory-text-doubles",
  about = "Hostile.",
  resolve = function(c)
    local s = ('x'):rep(1000000)
    while true do s = s .. s end
  end,
}
