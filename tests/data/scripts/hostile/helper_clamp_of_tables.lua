-- expect: script_failed
return {
  name = "helper-clamp-of-tables",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.clamp({}, 1, 2)}, 'x'
  end,
}
