-- expect: bad_result
return {
  name = "decline-reason-table",
  about = "Hostile.",
  resolve = function(c)
    return nil, {}
  end,
}
