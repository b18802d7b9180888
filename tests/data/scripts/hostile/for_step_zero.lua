-- expect: script_failed
return {
  name = "for-step-zero",
  about = "Hostile.",
  resolve = function(c)
    for i = 1, 10, 0 do end
  end,
}
