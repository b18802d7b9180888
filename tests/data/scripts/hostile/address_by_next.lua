-- expect: script_failed
return {
  name = "address-by-next",
  about = "Hostile.",
  resolve = function(c)
    local t = {[{}] = 1, [function() end] = 2}
    local k, v = next(t)
    return {v = v}, 'x'
  end,
}
