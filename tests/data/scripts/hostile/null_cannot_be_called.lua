-- expect: script_failed
return {
  name = "null-cannot-be-called",
  about = "Hostile.",
  resolve = function(c)
    null()
  end,
}
