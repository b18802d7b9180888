-- expect: memory_limit|time_limit
return {
  name = "memory-globals",
  about = "Hostile.",
  resolve = function(c)
    local n = 0
    while true do n = n + 1 _ENV['g' .. n] = n end
  end,
}
