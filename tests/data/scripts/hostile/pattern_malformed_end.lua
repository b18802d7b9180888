-- expect: script_failed
return {
  name = "pattern-malformed-end",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('a'):match('%')}, 'x'
  end,
}
