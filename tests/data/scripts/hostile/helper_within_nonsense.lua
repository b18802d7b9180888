-- expect: script_failed
return {
  name = "helper-within-nonsense",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.within(1, 'noon', 'midnight')}, 'x'
  end,
}
