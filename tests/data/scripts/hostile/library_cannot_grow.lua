-- expect: script_failed
return {
  name = "library-cannot-grow",
  about = "Hostile.",
  resolve = function(c)
    table.mine = 1
  end,
}
