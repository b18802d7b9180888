-- expect: script_failed
return {
  name = "byte-of-everything",
  about = "Hostile.",
  resolve = function(c)
    return {v = {('x'):rep(1048576):byte(1, -1)}}, 'x'
  end,
}
