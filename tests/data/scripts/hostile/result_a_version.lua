-- expect: bad_result
return {
  name = "result-a-version",
  about = "Hostile.",
  resolve = function(c)
    return c.versions[1], 'x'
  end,
}
