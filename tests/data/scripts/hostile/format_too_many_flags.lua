-- expect: script_failed
return {
  name = "format-too-many-flags",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.format('%-+ #0-+ #0d', 1)}, 'x'
  end,
}
