-- expect: memory_limit|time_limit
return {
  name = "memory-table-grows",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    while true do t[#t + 1] = #t end
  end,
}
