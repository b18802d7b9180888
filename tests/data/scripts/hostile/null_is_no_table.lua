-- expect: script_failed
return {
  name = "null-is-no-table",
  about = "Hostile.",
  resolve = function(c)
    return {v = null.x}, 'x'
  end,
}
