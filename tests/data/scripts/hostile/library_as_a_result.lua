-- expect: bad_result
return {
  name = "library-as-a-result",
  about = "Hostile.",
  resolve = function(c)
    return string, 'x'
  end,
}
