-- expect: bad_result
return {
  name = "result-key-table",
  about = "Hostile.",
  resolve = function(c)
    return {t = {[{}] = 1}}, 'x'
  end,
}
