-- expect: script_failed
return {
  name = "helper-average-of-texts",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.average({'a'})}, 'x'
  end,
}
