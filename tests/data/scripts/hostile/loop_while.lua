-- expect: time_limit
return {
  name = "loop-while",
  about = "Hostile.",
  resolve = function(c)
    while true do end
  end,
}
