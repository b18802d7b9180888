-- expect: script_failed
return {
  name = "way-out-debug-registry",
  about = "Hostile.",
  resolve = function(c)
    debug.getregistry()
  end,
}
