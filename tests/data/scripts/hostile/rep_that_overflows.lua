-- expect: script_failed
return {
  name = "rep-that-overflows",
  about = "Hostile.",
  resolve = function(c)
    return {v = ('xy'):rep(math.maxinteger)}, 'x'
  end,
}
