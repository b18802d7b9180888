-- expect: bad_result
return {
  name = "result-33-levels",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 32 do t = {t = t} end
    return t, 'x'
  end,
}
