-- expect: script_failed
return {
  name = "insert-far-outside",
  about = "Hostile.",
  resolve = function(c)
    table.insert({}, math.maxinteger, 1)
  end,
}
