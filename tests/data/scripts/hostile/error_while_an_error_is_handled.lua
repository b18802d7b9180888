-- expect: script_failed|memory_limit|time_limit
return {
  name = "error-while-an-error-is-handled",
  about = "Hostile.",
  resolve = function(c)
    local function f() return pcall(f) and error(f) or f() .. f() end
    return {v = f()}, 'x'
  end,
}
