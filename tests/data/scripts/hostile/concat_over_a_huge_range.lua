-- expect: script_failed
return {
  name = "concat-over-a-huge-range",
  about = "Hostile.",
  resolve = function(c)
    return {v = table.concat({}, ',', 1, math.maxinteger)}, 'x'
  end,
}
