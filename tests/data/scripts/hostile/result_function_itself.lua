-- expect: bad_result
return {
  name = "result-function-itself",
  about = "Hostile.",
  resolve = function(c)
    return function() end, 'x'
  end,
}
