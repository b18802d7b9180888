-- expect: bad_result
return {
  name = "result-number",
  about = "Hostile.",
  resolve = function(c)
    return 42, 'x'
  end,
}
