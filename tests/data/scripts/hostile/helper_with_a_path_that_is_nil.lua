-- expect: script_failed
return {
  name = "helper-with-a-path-that-is-nil",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.get(c.versions[1], nil)}, 'x'
  end,
}
