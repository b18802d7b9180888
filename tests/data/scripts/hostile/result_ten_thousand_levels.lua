-- expect: bad_result
return {
  name = "result-ten-thousand-levels",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 10000 do t = {t = t} end
    return t, 'x'
  end,
}
