-- expect: script_failed
return {
  name = "helper-with-itself",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.path(hg, hg)}, 'x'
  end,
}
