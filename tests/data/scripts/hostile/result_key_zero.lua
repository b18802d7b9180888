-- expect: bad_result
return {
  name = "result-key-zero",
  about = "Hostile.",
  resolve = function(c)
    return {t = {[0] = 1}}, 'x'
  end,
}
