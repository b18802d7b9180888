-- expect: script_failed
return {
  name = "way-out-os-remove",
  about = "Hostile.",
  resolve = function(c)
    os.remove('/tmp/x')
  end,
}
