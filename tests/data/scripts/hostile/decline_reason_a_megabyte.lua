-- expect: declined
return {
  name = "decline-reason-a-megabyte",
  about = "Hostile.",
  resolve = function(c)
    return nil, ('x'):rep(1000000)
  end,
}
