-- expect: script_failed
return {
  name = "way-out-globals-by-name",
  about = "Hostile.",
  resolve = function(c)
    _G.string.rep = nil
  end,
}
