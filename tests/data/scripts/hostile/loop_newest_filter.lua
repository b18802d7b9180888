-- expect: time_limit
return {
  name = "loop-newest-filter",
  about = "Hostile.",
  resolve = function(c)
    return hg.newest(c, function() while true do end end).fields, 'x'
  end,
}
