-- expect: bad_result
return {
  name = "result-text-overlong",
  about = "Hostile.",
  resolve = function(c)
    return {t = '\xc0\x80'}, 'x'
  end,
}
