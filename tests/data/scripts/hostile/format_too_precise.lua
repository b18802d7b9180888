-- expect: script_failed
return {
  name = "format-too-precise",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.format('%.1000f', 1)}, 'x'
  end,
}
