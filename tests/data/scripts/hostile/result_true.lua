-- expect: bad_result
return {
  name = "result-true",
  about = "Hostile.",
  resolve = function(c)
    return true, 'x'
  end,
}
