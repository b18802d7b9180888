-- expect: script_failed
return {
  name = "address-by-sorting",
  about = "Hostile.",
  resolve = function(c)
    local t = {{}, {}, {}}
    table.sort(t)
    return {v = t}, 'x'
  end,
}
