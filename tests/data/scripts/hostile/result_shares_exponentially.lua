-- expect: result_too_large|time_limit
return {
  name = "result-shares-exponentially",
  about = "Hostile.",
  resolve = function(c)
    local t = {'x'}
    for i = 1, 29 do t = {t, t} end
    return {t = t}, 'x'
  end,
}
