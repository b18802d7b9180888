-- expect: script_failed
return {
  name = "remove-far-outside",
  about = "Hostile.",
  resolve = function(c)
    table.remove({}, math.mininteger)
  end,
}
