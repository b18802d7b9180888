-- expect: script_failed
return {
  name = "way-out-newproxy",
  about = "Hostile.",
  resolve = function(c)
    newproxy(true)
  end,
}
