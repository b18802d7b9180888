-- expect: bad_result
return {
  name = "result-key-true",
  about = "Hostile.",
  resolve = function(c)
    return {t = {[true] = 1}}, 'x'
  end,
}
