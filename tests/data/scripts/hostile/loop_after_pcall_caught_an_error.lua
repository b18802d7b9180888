-- expect: time_limit
return {
  name = "loop-after-pcall-caught-an-error",
  about = "Hostile.",
  resolve = function(c)
    local ok, why = pcall(error, 'x')
    while not ok do end
  end,
}
