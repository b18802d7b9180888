-- expect: time_limit
return {
  name = "loop-mutual-tail-calls",
  about = "Hostile.",
  resolve = function(c)
    local a, b
    function a() return b() end
    function b() return a() end
    return a()
  end,
}
