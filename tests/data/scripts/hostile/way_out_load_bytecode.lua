-- expect: script_failed
return {
  name = "way-out-load-bytecode",
  about = "Hostile.",
  resolve = function(c)
    load('\27Lua')()
  end,
}
