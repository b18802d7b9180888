-- expect: time_limit
return {
  name = "loop-iterator-with-state",
  about = "Hostile.",
  resolve = function(c)
    local function step(s, i) return i + 1 end
    for i in step, nil, 0 do end
  end,
}
