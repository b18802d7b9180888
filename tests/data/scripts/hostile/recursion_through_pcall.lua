-- expect: script_failed|memory_limit|time_limit|bad_result
return {
  name = "recursion-through-pcall",
  about = "Hostile.",
  resolve = function(c)
    local function f() return pcall(f) and 1 + f() or f() + 1 end
    return {v = f()}, 'x'
  end,
}
