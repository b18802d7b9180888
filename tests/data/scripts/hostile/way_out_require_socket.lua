-- expect: script_failed
return {
  name = "way-out-require-socket",
  about = "Hostile.",
  resolve = function(c)
    require('socket').connect('192.0.2.1', 80)
  end,
}
