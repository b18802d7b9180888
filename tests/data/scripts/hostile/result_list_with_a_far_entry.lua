-- expect: bad_result
return {
  name = "result-list-with-a-far-entry",
  about = "Hostile.",
  resolve = function(c)
    return {t = {[1] = 1, [math.maxinteger] = 2}}, 'x'
  end,
}
