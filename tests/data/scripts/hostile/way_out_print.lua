-- expect: script_failed
return {
  name = "way-out-print",
  about = "Hostile.",
  resolve = function(c)
    print('x')
  end,
}
