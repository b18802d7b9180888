-- expect: script_failed
return {
  name = "way-out-collect-garbage",
  about = "Hostile.",
  resolve = function(c)
    collectgarbage('stop')
  end,
}
