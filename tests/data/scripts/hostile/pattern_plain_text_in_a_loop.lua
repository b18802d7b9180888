-- expect: time_limit
return {
  name = "pattern-plain-text-in-a-loop",
  about = "Hostile.",
  resolve = function(c)
    local s = ('a'):rep(1000000)
    while not s:find('b', 1, true) do end
  end,
}
