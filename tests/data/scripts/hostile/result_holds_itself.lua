-- expect: bad_result
return {
  name = "result-holds-itself",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    t.t = t
    return t, 'x'
  end,
}
