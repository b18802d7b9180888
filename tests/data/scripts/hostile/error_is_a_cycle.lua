-- expect: script_failed
return {
  name = "error-is-a-cycle",
  about = "Hostile.",
  resolve = function(c)
    local t = {}
    t.t = t
    error(t)
  end,
}
