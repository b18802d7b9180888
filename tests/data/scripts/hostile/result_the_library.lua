-- expect: bad_result
return {
  name = "result-the-library",
  about = "Hostile.",
  resolve = function(c)
    return {hg = hg, string = string, f = hg.newest}, 'x'
  end,
}
