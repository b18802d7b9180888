-- expect: script_failed
return {
  name = "rep-of-a-thousand-million",
  about = "Hostile.",
  resolve = function(c)
    return {v = ('x'):rep(1000000000)}, 'x'
  end,
}
