-- expect: bad_result
return {
  name = "result-empty-reason",
  about = "Hostile.",
  resolve = function(c)
    return {}, ''
  end,
}
