-- expect: script_failed
return {
  name = "format-without-arguments",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.format('%s%s%s')}, 'x'
  end,
}
