-- expect: script_failed
return {
  name = "recursion-in-hg-equal",
  about = "Hostile.",
  resolve = function(c)
    local a, b = {}, {}
    a.x, b.x = a, b
    return {v = hg.equal(a, b)}, 'x'
  end,
}
