-- expect: bad_result
return {
  name = "decline-reason-function",
  about = "Hostile.",
  resolve = function(c)
    return nil, error
  end,
}
