-- expect: time_limit
return {
  name = "loop-gmatch-outer",
  about = "Hostile.",
  resolve = function(c)
    while true do for w in ('a b c'):gmatch('%a+') do end end
  end,
}
