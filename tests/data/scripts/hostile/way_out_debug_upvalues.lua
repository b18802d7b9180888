-- expect: script_failed
return {
  name = "way-out-debug-upvalues",
  about = "Hostile.",
  resolve = function(c)
    debug.upvalueid(hg.newest, 1)
  end,
}
