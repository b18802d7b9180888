-- expect: memory_limit|time_limit
return {
  name = "case-with-many-changes",
  about = "Hostile.",
  resolve = function(c)
    for i = 1, 1000000 do c.versions[1].changed['k' .. i .. '.x'] = true end
    return hg.merge(c), 'x'
  end,
}
