-- expect: script_failed
return {
  name = "error-is-a-megabyte",
  about = "Hostile.",
  resolve = function(c)
    error(('x'):rep(1000000))
  end,
}
