-- expect: script_failed
return {
  name = "helpers-cannot-be-changed",
  about = "Hostile.",
  resolve = function(c)
    hg.newest = function(c) return c.versions[1] end
  end,
}
