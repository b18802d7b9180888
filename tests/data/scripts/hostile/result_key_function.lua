-- expect: bad_result
return {
  name = "result-key-function",
  about = "Hostile.",
  resolve = function(c)
    return {t = {[error] = 1}}, 'x'
  end,
}
