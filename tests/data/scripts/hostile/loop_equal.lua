-- expect: time_limit
return {
  name = "loop-equal",
  about = "Hostile.",
  resolve = function(c)
    local a, b = {}, {}
    for i = 1, 3000 do a[i], b[i] = i, i end
    while hg.equal(a, b) do end
  end,
}
