-- expect: bad_result
return {
  name = "result-text-half-a-character",
  about = "Hostile.",
  resolve = function(c)
    return {t = ('ä'):sub(1, 1)}, 'x'
  end,
}
