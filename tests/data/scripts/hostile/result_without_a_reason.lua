-- expect: bad_result
return {
  name = "result-without-a-reason",
  about = "Hostile.",
  resolve = function(c)
    return {}
  end,
}
