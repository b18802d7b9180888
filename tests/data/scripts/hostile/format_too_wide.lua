-- expect: script_failed
return {
  name = "format-too-wide",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.format('%99999d', 1)}, 'x'
  end,
}
