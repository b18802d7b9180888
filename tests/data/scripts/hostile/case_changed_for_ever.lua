-- expect: memory_limit|time_limit
return {
  name = "case-changed-for-ever",
  about = "Hostile.",
  resolve = function(c)
    for i = 1, math.maxinteger do c.versions[i] = c.versions[1] end
    return hg.merge(c), 'x'
  end,
}
