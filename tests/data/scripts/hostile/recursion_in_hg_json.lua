-- expect: script_failed
return {
  name = "recursion-in-hg-json",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    t.t = t
    return {v = hg.json(t)}, 'x'
  end,
}
