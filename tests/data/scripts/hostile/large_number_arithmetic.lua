-- expect: script_failed
return {
  name = "large-number-arithmetic",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.highest({versions = {{fields = {}}}}, 'x') + 1}, 'x'
  end,
}
