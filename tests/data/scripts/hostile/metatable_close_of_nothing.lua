-- expect: script_failed
return {
  name = "metatable-close-of-nothing",
  about = "Hostile.",
  resolve = function(c)
    local x <close> = {}
  end,
}
