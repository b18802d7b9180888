-- expect: memory_limit|time_limit
return {
  name = "memory-linked-list",
  about = "Hostile.",
  resolve = function(c)
    local list
    while true do list = {list} end
  end,
}
