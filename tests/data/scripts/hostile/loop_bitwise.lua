-- expect: time_limit
return {
  name = "loop-bitwise",
  about = "Hostile.",
  resolve = function(c)
    local x = 1
    while x ~= 0 do x = (x << 1) | 1 end
  end,
}
