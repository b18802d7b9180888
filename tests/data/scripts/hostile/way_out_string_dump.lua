-- expect: script_failed
return {
  name = "way-out-string-dump",
  about = "Hostile.",
  resolve = function(c)
    string.dump(function() end)
  end,
}
