-- expect: bad_result
return {
  name = "result-key-float",
  about = "Hostile.",
  resolve = function(c)
    return {t = {[1.5] = 1}}, 'x'
  end,
}
