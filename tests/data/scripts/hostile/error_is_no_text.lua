-- expect: script_failed
return {
  name = "error-is-no-text",
  about = "Hostile.",
  resolve = function(c)
    error('\xff\xfe\0\27[31m')
  end,
}
