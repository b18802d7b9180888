-- expect: script_failed
return {
  name = "helper-with-a-broken-version",
  about = "Hostile.",
  resolve = function(c)
    c.versions[1].time = nil
    return hg.newest(c).fields, 'x'
  end,
}
