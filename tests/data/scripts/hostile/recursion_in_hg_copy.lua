-- expect: script_failed
return {
  name = "recursion-in-hg-copy",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    t.t = t
    return {v = hg.copy(t)}, 'x'
  end,
}
