-- expect: script_failed
return {
  name = "way-out-io-write",
  about = "Hostile.",
  resolve = function(c)
    io.write('x')
  end,
}
