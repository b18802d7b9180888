-- expect: memory_limit|time_limit
return {
  name = "memory-quoted",
  about = "Hostile.",
  resolve = function(c)
    local s = ('\0'):rep(1000000)
    for i = 1, 20 do s = string.format('%q', s) end
  end,
}
