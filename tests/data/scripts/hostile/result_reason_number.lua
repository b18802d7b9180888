-- expect: bad_result
return {
  name = "result-reason-number",
  about = "Hostile.",
  resolve = function(c)
    return {}, 12
  end,
}
