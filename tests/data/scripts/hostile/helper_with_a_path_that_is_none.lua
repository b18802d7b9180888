-- expect: script_failed
return {
  name = "helper-with-a-path-that-is-none",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.get(c.versions[1], {})}, 'x'
  end,
}
