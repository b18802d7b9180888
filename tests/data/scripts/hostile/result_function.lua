-- expect: bad_result
return {
  name = "result-function",
  about = "Hostile.",
  resolve = function(c)
    return {f = function() end}, 'x'
  end,
}
