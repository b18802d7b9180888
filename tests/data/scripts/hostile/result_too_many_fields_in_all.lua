-- expect: bad_result
return {
  name = "result-too-many-fields-in-all",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    for i = 1, 100 do
      local u = {}
      for j = 1, 50 do u['k' .. j] = j end
      t['k' .. i] = u
    end
    return t, 'x'
  end,
}
