-- expect: bad_result
return {
  name = "result-library-function",
  about = "Hostile.",
  resolve = function(c)
    return {f = string.rep}, 'x'
  end,
}
