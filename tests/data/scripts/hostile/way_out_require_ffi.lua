-- expect: script_failed
return {
  name = "way-out-require-ffi",
  about = "Hostile.",
  resolve = function(c)
    require('ffi').C.system('id')
  end,
}
