-- expect: script_failed
return {
  name = "utf8-char-out-of-range",
  about = "Hostile.",
  resolve = function(c)
    return {v = utf8.char(-1)}, 'x'
  end,
}
