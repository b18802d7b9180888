-- expect: script_failed
return {
  name = "helper-list-of-nothing",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.list(1)}, 'x'
  end,
}
