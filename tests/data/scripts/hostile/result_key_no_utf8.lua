-- expect: bad_result
return {
  name = "result-key-no-utf8",
  about = "Hostile.",
  resolve = function(c)
    return {['\xff'] = 1}, 'x'
  end,
}
