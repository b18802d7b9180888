-- expect: script_failed
return {
  name = "way-out-require-os",
  about = "Hostile.",
  resolve = function(c)
    require('os').exit(1)
  end,
}
