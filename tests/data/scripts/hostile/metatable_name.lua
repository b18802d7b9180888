-- expect: script_failed
return {
  name = "metatable-name",
  about = "Hostile.",
  resolve = function(c)
    error(setmetatable({}, {__name = ('x'):rep(1000000)}))
  end,
}
