-- expect: bad_result
return {
  name = "result-type-key",
  about = "Hostile.",
  resolve = function(c)
    return {v = {['$type'] = 'set'}}, 'x'
  end,
}
