-- expect: time_limit
return {
  name = "loop-utf8-codes",
  about = "Hostile.",
  resolve = function(c)
    while true do for p, code in utf8.codes('äöü') do end end
  end,
}
