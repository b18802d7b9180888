-- expect: script_failed
return {
  name = "address-by-sorting-functions",
  about = "Hostile.",
  resolve = function(c)
    local t = {error, pcall, next}
    table.sort(t)
    return {v = #t}, 'x'
  end,
}
