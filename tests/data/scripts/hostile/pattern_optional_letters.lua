-- expect: time_limit
return {
  name = "pattern-optional-letters",
  about = "Hostile.",
  resolve = function(c)
    local n = 32
    return {at = ('a'):rep(n):match(('a?'):rep(n) .. ('a'):rep(n) .. 'b')}, 'x'
  end,
}
