-- expect: script_failed
return {
  name = "integer-division-by-zero",
  about = "Hostile.",
  resolve = function(c)
    return {v = 1 // 0}, 'x'
  end,
}
