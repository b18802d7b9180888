-- expect: script_failed
return {
  name = "way-out-coroutine-for-ever",
  about = "Hostile.",
  resolve = function(c)
    local f = coroutine.create(function() end)
  end,
}
