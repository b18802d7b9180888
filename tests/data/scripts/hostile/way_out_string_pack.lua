-- expect: script_failed
return {
  name = "way-out-string-pack",
  about = "Hostile.",
  resolve = function(c)
    string.pack('s8', 'x')
  end,
}
