-- expect: time_limit
return {
  name = "loop-inside-pcall",
  about = "Hostile.",
  resolve = function(c)
    local ok = pcall(function() while true do end end)
    return {}, 'escaped'
  end,
}
