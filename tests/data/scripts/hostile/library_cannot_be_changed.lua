-- expect: script_failed
return {
  name = "library-cannot-be-changed",
  about = "Hostile.",
  resolve = function(c)
    string.rep = function() return 'x' end
  end,
}
