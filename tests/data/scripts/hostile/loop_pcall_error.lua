-- expect: time_limit
return {
  name = "loop-pcall-error",
  about = "Hostile.",
  resolve = function(c)
    while true do pcall(error, 'again') end
  end,
}
