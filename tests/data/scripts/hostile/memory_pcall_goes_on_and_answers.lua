-- expect: memory_limit|time_limit
return {
  name = "memory-pcall-goes-on-and-answers",
  about = "Hostile.",
  resolve = function(c)
    local s = ('x'):rep(1000000)
    pcall(function() while true do s = s .. s end end)
    return {}, 'nothing happened'
  end,
}
