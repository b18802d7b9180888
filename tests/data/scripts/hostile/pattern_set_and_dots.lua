-- expect: time_limit
return {
  name = "pattern-set-and-dots",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('ab'):rep(50000):find('[ab]-[ab]-[ab]-[ab]-c')}, 'x'
  end,
}
