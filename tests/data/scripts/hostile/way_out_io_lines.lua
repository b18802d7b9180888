-- expect: script_failed
return {
  name = "way-out-io-lines",
  about = "Hostile.",
  resolve = function(c)
    for l in io.lines('/etc/passwd') do end
  end,
}
