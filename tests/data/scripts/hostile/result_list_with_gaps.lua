-- expect: bad_result
return {
  name = "result-list-with-gaps",
  about = "Hostile.",
  resolve = function(c)
    return {t = {1, nil, 3}}, 'x'
  end,
}
