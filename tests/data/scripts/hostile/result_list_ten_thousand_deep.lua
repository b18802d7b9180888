-- expect: bad_result
return {
  name = "result-list-ten-thousand-deep",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 10000 do t = {t} end
    return {t = t}, 'x'
  end,
}
