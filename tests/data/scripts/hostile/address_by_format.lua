-- expect: script_failed
return {
  name = "address-by-format",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.format('%p', {})}, 'x'
  end,
}
