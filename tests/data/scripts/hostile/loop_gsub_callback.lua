-- expect: time_limit
return {
  name = "loop-gsub-callback",
  about = "Hostile.",
  resolve = function(c)
    ('x'):gsub('x', function() while true do end end)
  end,
}
