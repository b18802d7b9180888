-- expect: bad_result
return {
  name = "result-text",
  about = "Hostile.",
  resolve = function(c)
    return 'on', 'x'
  end,
}
