-- expect: bad_result
return {
  name = "result-nan",
  about = "Hostile.",
  resolve = function(c)
    return {v = 0/0}, 'x'
  end,
}
