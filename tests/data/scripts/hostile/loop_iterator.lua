-- expect: time_limit
return {
  name = "loop-iterator",
  about = "Hostile.",
  resolve = function(c)
    for _ in function() return 1 end do end
  end,
}
