-- expect: script_failed
return {
  name = "helper-without-arguments",
  about = "Hostile.",
  resolve = function(c)
    return {v = hg.highest()}, 'x'
  end,
}
