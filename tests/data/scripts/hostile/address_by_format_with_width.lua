-- expect: script_failed
return {
  name = "address-by-format-with-width",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.format('%-20p', {})}, 'x'
  end,
}
