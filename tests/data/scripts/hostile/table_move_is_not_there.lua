-- expect: script_failed
return {
  name = "table-move-is-not-there",
  about = "Hostile.",
  resolve = function(c)
    table.move({}, 1, 1000000000, 2)
  end,
}
