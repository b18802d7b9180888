-- expect: script_failed
return {
  name = "environment-is-taken-away",
  about = "Hostile.",
  resolve = function(c)
    _ENV = nil
    return {}, tostring(1)
  end,
}
