-- expect: script_failed
return {
  name = "way-out-debug-hook",
  about = "Hostile.",
  resolve = function(c)
    debug.sethook()
  end,
}
