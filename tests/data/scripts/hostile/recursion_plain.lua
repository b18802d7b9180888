-- expect: script_failed|memory_limit|time_limit
return {
  name = "recursion-plain",
  about = "Hostile.",
  resolve = function(c)
    local function f() return 1 + f() end
    return {v = f()}, 'x'
  end,
}
