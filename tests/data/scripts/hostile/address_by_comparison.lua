-- expect: script_failed
return {
  name = "address-by-comparison",
  about = "Hostile.",
  resolve = function(c)
    return {v = {} < {}}, 'x'
  end,
}
