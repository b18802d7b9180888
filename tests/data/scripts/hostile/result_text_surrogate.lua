-- expect: bad_result
return {
  name = "result-text-surrogate",
  about = "Hostile.",
  resolve = function(c)
    return {t = '\xed\xa0\x80'}, 'x'
  end,
}
