-- expect: script_failed
return {
  name = "modulo-by-zero",
  about = "Hostile.",
  resolve = function(c)
    return {v = 1 % 0}, 'x'
  end,
}
