-- expect: declined
return {
  name = "rep-of-nothing-for-ever",
  about = "Hostile.",
  resolve = function(c)
    local s = (''):rep(math.maxinteger)
    return nil, 'it is ' .. #s .. ' long'
  end,
}
