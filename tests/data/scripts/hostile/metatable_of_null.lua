-- expect: script_failed
return {
  name = "metatable-of-null",
  about = "Hostile.",
  resolve = function(c)
    null.x = 1
  end,
}
