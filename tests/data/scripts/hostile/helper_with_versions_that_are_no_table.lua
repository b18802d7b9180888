-- expect: script_failed
return {
  name = "helper-with-versions-that-are-no-table",
  about = "Hostile.",
  resolve = function(c)
    c.versions = {1, 2}
    return hg.merge(c), 'x'
  end,
}
