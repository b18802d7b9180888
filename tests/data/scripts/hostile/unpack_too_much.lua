-- expect: script_failed
return {
  name = "unpack-too-much",
  about = "Hostile.",
  resolve = function(c)
    return {v = {table.unpack({}, 1, 10000000)}}, 'x'
  end,
}
