-- expect: script_failed|memory_limit|time_limit
return {
  name = "recursion-in-hg-paths",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    t.t = t
    return {v = hg.paths(t)}, 'x'
  end,
}
