-- expect: script_failed
return {
  name = "pattern-malformed-class",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('a'):match('[a')}, 'x'
  end,
}
