-- expect: script_failed
return {
  name = "way-out-package-loadlib",
  about = "Hostile.",
  resolve = function(c)
    package.loadlib('libc.so.6', 'system')
  end,
}
