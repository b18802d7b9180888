-- expect: bad_result
return {
  name = "result-plain-list",
  about = "Hostile.",
  resolve = function(c)
    return {1, 2}, 'x'
  end,
}
