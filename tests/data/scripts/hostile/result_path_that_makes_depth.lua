-- expect: bad_result
return {
  name = "result-path-that-makes-depth",
  about = "Hostile.",
  resolve = function(c)
    return hg.set({}, ('a.'):rep(200) .. 'a', 1), 'x'
  end,
}
