-- expect: script_failed
return {
  name = "way-out-math-randomseed",
  about = "Hostile.",
  resolve = function(c)
    math.randomseed(1)
  end,
}
