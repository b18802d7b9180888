-- expect: time_limit
return {
  name = "loop-gsub-never-ends-by-strings",
  about = "Hostile.",
  resolve = function(c)
    local s = 'a'
    while #s > 0 do s = s:gsub('a', 'a') end
  end,
}
