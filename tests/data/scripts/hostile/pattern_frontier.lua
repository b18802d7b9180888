-- expect: time_limit
return {
  name = "pattern-frontier",
  about = "Hostile.",
  resolve = function(c)
    local s = ('a '):rep(50000)
    return {at = s:find('%f[%w].-%f[%w].-%f[%w].-b')}, 'x'
  end,
}
