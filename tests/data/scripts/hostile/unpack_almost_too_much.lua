-- expect: script_failed|memory_limit|time_limit|bad_result
return {
  name = "unpack-almost-too-much",
  about = "Hostile.",
  resolve = function(c)
    local function f(...) return select('#', ...) end
    return {v = f(table.unpack({}, 1, 999990)), w = f(table.unpack({}, 1, 999990), 1) .. {}}, 'x'
  end,
}
