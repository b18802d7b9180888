-- expect: script_failed
return {
  name = "error-is-nil",
  about = "Hostile.",
  resolve = function(c)
    error(nil)
  end,
}
