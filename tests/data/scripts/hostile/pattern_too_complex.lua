-- expect: script_failed
return {
  name = "pattern-too-complex",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('x'):rep(400):match(('x?'):rep(400) .. 'y')}, 'x'
  end,
}
