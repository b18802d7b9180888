-- expect: script_failed
return {
  name = "rep-with-a-long-separator",
  about = "Hostile.",
  resolve = function(c)
    return {v = ('x'):rep(1000, ('y'):rep(100000))}, 'x'
  end,
}
