-- expect: memory_limit|time_limit
return {
  name = "memory-hidden-in-pcall",
  about = "Hostile.",
  resolve = function(c)
    local s = ('x'):rep(1000000)
    while true do pcall(function() s = s .. s end) end
  end,
}
