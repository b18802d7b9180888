-- expect: script_failed
return {
  name = "pattern-recursion-through-gsub",
  about = "Hostile.",
  resolve = function(c)
    local function f(s) return (s:gsub('.', f)) end
    return {v = f('x')}, 'x'
  end,
}
