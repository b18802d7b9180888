-- expect: script_failed
return {
  name = "helper-without-versions",
  about = "Hostile.",
  resolve = function(c)
    c.versions = nil
    return hg.merge(c), 'x'
  end,
}
