-- expect: time_limit
return {
  name = "loop-next",
  about = "Hostile.",
  resolve = function(c)
    local t = {1, 2, 3}
    while next(t) do end
  end,
}
