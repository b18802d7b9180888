-- expect: script_failed
return {
  name = "way-out-setfenv",
  about = "Hostile.",
  resolve = function(c)
    setfenv(1, {})
  end,
}
