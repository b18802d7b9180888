-- expect: script_failed
return {
  name = "format-ends-early",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.format('%')}, 'x'
  end,
}
