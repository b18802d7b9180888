-- expect: script_failed
return {
  name = "way-out-math-random",
  about = "Hostile.",
  resolve = function(c)
    return {v = math.random()}, 'x'
  end,
}
