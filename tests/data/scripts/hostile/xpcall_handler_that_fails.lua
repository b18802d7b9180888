-- expect: script_failed
return {
  name = "xpcall-handler-that-fails",
  about = "Hostile.",
  resolve = function(c)
    xpcall(error, error)
  end,
}
