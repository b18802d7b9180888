-- expect: bad_result
return {
  name = "result-null",
  about = "Hostile.",
  resolve = function(c)
    return null, 'x'
  end,
}
