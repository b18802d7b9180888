-- expect: script_failed
return {
  name = "pattern-too-many-captures",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('a'):rep(50):match(('(a)'):rep(40))}, 'x'
  end,
}
