-- expect: script_failed
return {
  name = "way-out-io-open",
  about = "Hostile.",
  resolve = function(c)
    io.open('/etc/passwd')
  end,
}
