-- expect: result_too_large
return {
  name = "result-escapes-make-it-long",
  about = "Hostile.",
  resolve = function(c)
    return {a = ('\1'):rep(400000)}, 'x'
  end,
}
