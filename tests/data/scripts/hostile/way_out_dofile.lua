-- expect: script_failed
return {
  name = "way-out-dofile",
  about = "Hostile.",
  resolve = function(c)
    dofile('/etc/passwd')
  end,
}
