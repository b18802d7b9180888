-- expect: script_failed
return {
  name = "way-out-os-rename",
  about = "Hostile.",
  resolve = function(c)
    os.rename('/tmp/x', '/tmp/y')
  end,
}
