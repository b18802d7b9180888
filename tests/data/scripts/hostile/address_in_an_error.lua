-- expect: script_failed
return {
  name = "address-in-an-error",
  about = "Hostile.",
  resolve = function(c)
    error('it is at ' .. tostring({}) .. tostring(error) .. tostring(null))
  end,
}
