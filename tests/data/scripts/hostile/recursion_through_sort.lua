-- expect: script_failed|time_limit
return {
  name = "recursion-through-sort",
  about = "Hostile.",
  resolve = function(c)
    local function f(a, b) table.sort({2, 1, 3}, f) return false end
    f()
    return {}, 'x'
  end,
}
