-- expect: script_failed
return {
  name = "way-out-io-popen",
  about = "Hostile.",
  resolve = function(c)
    io.popen('id')
  end,
}
