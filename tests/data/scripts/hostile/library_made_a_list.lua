-- expect: script_failed
return {
  name = "library-made-a-list",
  about = "Hostile.",
  resolve = function(c)
    hg.list(string)
    string.rep = 1
  end,
}
