-- expect: result_too_large
return {
  name = "result-two-megabytes",
  about = "Hostile.",
  resolve = function(c)
    local s = ('x'):rep(1000000)
    return {a = s, b = s}, 'x'
  end,
}
