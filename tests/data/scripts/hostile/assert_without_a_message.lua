-- expect: script_failed
return {
  name = "assert-without-a-message",
  about = "Hostile.",
  resolve = function(c)
    assert(false)
  end,
}
