-- expect: bad_result
return {
  name = "result-infinity",
  about = "Hostile.",
  resolve = function(c)
    return {v = math.huge}, 'x'
  end,
}
