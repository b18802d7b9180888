-- expect: bad_result
return {
  name = "result-key-negative",
  about = "Hostile.",
  resolve = function(c)
    return {t = {[-1] = 1}}, 'x'
  end,
}
