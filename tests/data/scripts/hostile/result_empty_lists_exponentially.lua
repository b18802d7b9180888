-- expect: result_too_large|time_limit
return {
  name = "result-empty-lists-exponentially",
  about = "Hostile.",
  resolve = function(c)
    local t = hg.list()
    for i = 1, 29 do t = {t, t} end
    return {t = t}, 'x'
  end,
}
