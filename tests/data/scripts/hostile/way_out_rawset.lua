-- expect: script_failed
return {
  name = "way-out-rawset",
  about = "Hostile.",
  resolve = function(c)
    rawset(string, 'rep', nil)
  end,
}
