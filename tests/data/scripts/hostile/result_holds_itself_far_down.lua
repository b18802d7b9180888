-- expect: bad_result
return {
  name = "result-holds-itself-far-down",
  about = "Hostile.",
  resolve = function(c)
    local t = {a = {b = {c = {}}}}
    t.a.b.c.d = t.a
    return t, 'x'
  end,
}
