-- expect: script_failed
return {
  name = "way-out-loadfile",
  about = "Hostile.",
  resolve = function(c)
    loadfile('/etc/passwd')()
  end,
}
