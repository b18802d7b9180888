-- expect: script_failed
return {
  name = "concat-from-the-lowest",
  about = "Hostile.",
  resolve = function(c)
    return {v = table.concat({'a'}, ',', math.mininteger, 1)}, 'x'
  end,
}
