-- expect: script_failed
return {
  name = "way-out-os-tmpname",
  about = "Hostile.",
  resolve = function(c)
    os.tmpname()
  end,
}
