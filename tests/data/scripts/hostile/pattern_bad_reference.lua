-- expect: script_failed
return {
  name = "pattern-bad-reference",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('a'):gsub('a', '%9')}, 'x'
  end,
}
