-- expect: memory_limit|time_limit
return {
  name = "memory-nested-pcalls",
  about = "Hostile.",
  resolve = function(c)
    local function deep(n)
      if n > 0 then return pcall(deep, n - 1) end
      local s = ('x'):rep(1000000)
      while true do s = s .. s end
    end
    deep(50)
    return {}, 'x'
  end,
}
