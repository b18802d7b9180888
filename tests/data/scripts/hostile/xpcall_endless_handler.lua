-- expect: script_failed
return {
  name = "xpcall-endless-handler",
  about = "Hostile.",
  resolve = function(c)
    xpcall(error, function() while true do end end)
  end,
}
