-- expect: time_limit
return {
  name = "pattern-captures",
  about = "Hostile.",
  resolve = function(c)
    return {n = select(2, ('x'):rep(30000):gsub('(.*)(.*)(.*)y', '%1'))}, 'x'
  end,
}
