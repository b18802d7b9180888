-- expect: script_failed
return {
  name = "way-out-loadstring",
  about = "Hostile.",
  resolve = function(c)
    loadstring('return 1')()
  end,
}
