-- expect: script_failed
return {
  name = "way-out-load-text",
  about = "Hostile.",
  resolve = function(c)
    load('while true do end')()
  end,
}
