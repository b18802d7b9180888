-- expect: time_limit
return {
  name = "loop-string-arithmetic",
  about = "Hostile.",
  resolve = function(c)
    local s = '1'
    while s + 1 > 0 do s = tostring(1) end
  end,
}
