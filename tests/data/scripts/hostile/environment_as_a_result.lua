-- expect: bad_result
return {
  name = "environment-as-a-result",
  about = "Hostile.",
  resolve = function(c)
    return _ENV, 'x'
  end,
}
