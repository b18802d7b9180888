-- expect: script_failed
return {
  name = "error-is-a-function",
  about = "Hostile.",
  resolve = function(c)
    error(function() while true do end end)
  end,
}
