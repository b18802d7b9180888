-- expect: bad_result
return {
  name = "result-key-too-long",
  about = "Hostile.",
  resolve = function(c)
    return {[('k'):rep(256)] = 1}, 'x'
  end,
}
