-- expect: bad_result
return {
  name = "result-mixes-list-and-object",
  about = "Hostile.",
  resolve = function(c)
    return {t = {1, 2, x = 3}}, 'x'
  end,
}
