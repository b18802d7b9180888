-- expect: script_failed
return {
  name = "way-out-math-sin",
  about = "Hostile.",
  resolve = function(c)
    return {v = math.sin(1)}, 'x'
  end,
}
