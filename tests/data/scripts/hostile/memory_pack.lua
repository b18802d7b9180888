-- expect: memory_limit|time_limit
return {
  name = "memory-pack",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    while true do t[#t + 1] = table.pack(table.unpack({}, 1, 10000)) end
  end,
}
