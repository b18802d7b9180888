-- expect: script_failed
return {
  name = "way-out-os-getenv",
  about = "Hostile.",
  resolve = function(c)
    os.getenv('HOME')
  end,
}
