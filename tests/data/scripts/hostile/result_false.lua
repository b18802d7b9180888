-- expect: bad_result
return {
  name = "result-false",
  about = "Hostile.",
  resolve = function(c)
    return false, 'x'
  end,
}
