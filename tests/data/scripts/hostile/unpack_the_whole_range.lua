-- expect: script_failed
return {
  name = "unpack-the-whole-range",
  about = "Hostile.",
  resolve = function(c)
    return {v = {table.unpack({}, math.mininteger, math.maxinteger)}}, 'x'
  end,
}
