-- expect: result_too_large
return {
  name = "result-too-many-fields",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 5000 do t['k' .. i] = i end
    return t, 'x'
  end,
}
