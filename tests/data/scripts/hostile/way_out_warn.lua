-- expect: script_failed
return {
  name = "way-out-warn",
  about = "Hostile.",
  resolve = function(c)
    warn('@on')
  end,
}
