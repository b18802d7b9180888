-- expect: time_limit
return {
  name = "loop-in-environment-of-ones-own",
  about = "Hostile.",
  resolve = function(c)
    local _ENV = {x = 1}
    while x do end
  end,
}
