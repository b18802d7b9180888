-- expect: memory_limit|time_limit
return {
  name = "memory-utf8",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    while true do t[#t + 1] = utf8.char(0x10FFFF, #t % 55295 + 1):rep(1000) end
  end,
}
