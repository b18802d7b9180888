-- expect: script_failed
return {
  name = "way-out-coroutine-wrap",
  about = "Hostile.",
  resolve = function(c)
    coroutine.wrap(function() while true do coroutine.yield() end end)()
  end,
}
