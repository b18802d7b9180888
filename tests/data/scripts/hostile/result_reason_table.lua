-- expect: bad_result
return {
  name = "result-reason-table",
  about = "Hostile.",
  resolve = function(c)
    return {}, {}
  end,
}
