-- expect: script_failed
return {
  name = "way-out-os-exit",
  about = "Hostile.",
  resolve = function(c)
    os.exit(0)
  end,
}
