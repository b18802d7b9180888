-- expect: memory_limit|time_limit
return {
  name = "memory-closures",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    while true do local n = #t t[n + 1] = function() return n end end
  end,
}
