-- expect: bad_result
return {
  name = "result-two-that-hold-each-other",
  about = "Hostile.",
  resolve = function(c)
    local a, b = {}, {}
    a.b, b.a = b, a
    return {a = a}, 'x'
  end,
}
