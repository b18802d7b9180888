-- expect: bad_result
return {
  name = "result-list-that-holds-itself",
  about = "Hostile.",
  resolve = function(c)
    local t = {1, 2}
    t[3] = t
    return {t = t}, 'x'
  end,
}
