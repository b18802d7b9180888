-- expect: script_failed|memory_limit|time_limit
return {
  name = "loop-oldest-filter-by-recursion",
  about = "Hostile.",
  resolve = function(c)
    local function f() return 1 + f() end
    return hg.oldest(c, f).fields, 'x'
  end,
}
