-- expect: script_failed
return {
  name = "char-out-of-range",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.char(256)}, 'x'
  end,
}
