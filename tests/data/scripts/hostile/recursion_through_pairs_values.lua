-- expect: script_failed|memory_limit|time_limit
return {
  name = "recursion-through-pairs-values",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    t.t = t
    local function walk(x) for _, v in pairs(x) do walk(v) end end
    walk(t)
  end,
}
