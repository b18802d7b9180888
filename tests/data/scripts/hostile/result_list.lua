-- expect: bad_result
return {
  name = "result-list",
  about = "Hostile.",
  resolve = function(c)
    return hg.list({1, 2}), 'x'
  end,
}
