-- expect: script_failed
return {
  name = "way-out-package-searchers",
  about = "Hostile.",
  resolve = function(c)
    package.searchers[2]('x')
  end,
}
