-- expect: script_failed
return {
  name = "way-out-os-time",
  about = "Hostile.",
  resolve = function(c)
    return {t = os.time()}, 'x'
  end,
}
