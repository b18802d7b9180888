-- expect: script_failed
return {
  name = "way-out-os-clock",
  about = "Hostile.",
  resolve = function(c)
    return {t = os.clock()}, 'x'
  end,
}
