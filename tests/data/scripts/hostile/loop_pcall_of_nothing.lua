-- expect: time_limit
return {
  name = "loop-pcall-of-nothing",
  about = "Hostile.",
  resolve = function(c)
    while true do pcall(nil) end
  end,
}
