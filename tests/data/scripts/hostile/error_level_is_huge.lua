-- expect: script_failed
return {
  name = "error-level-is-huge",
  about = "Hostile.",
  resolve = function(c)
    error('x', math.maxinteger)
  end,
}
