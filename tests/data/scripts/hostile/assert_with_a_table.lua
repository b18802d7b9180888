-- expect: script_failed
return {
  name = "assert-with-a-table",
  about = "Hostile.",
  resolve = function(c)
    assert(nil, {})
  end,
}
