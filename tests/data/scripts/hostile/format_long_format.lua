-- expect: script_failed
return {
  name = "format-long-format",
  about = "Hostile.",
  resolve = function(c)
    return {v = string.format(('%'):rep(99999))}, 'x'
  end,
}
