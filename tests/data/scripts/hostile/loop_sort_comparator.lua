-- expect: time_limit
return {
  name = "loop-sort-comparator",
  about = "Hostile.",
  resolve = function(c)
    table.sort({3, 2, 1}, function() while true do end end)
  end,
}
