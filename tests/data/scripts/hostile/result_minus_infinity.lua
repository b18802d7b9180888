-- expect: bad_result
return {
  name = "result-minus-infinity",
  about = "Hostile.",
  resolve = function(c)
    return {v = -math.huge}, 'x'
  end,
}
