-- expect: bad_result
return {
  name = "result-text-no-utf8",
  about = "Hostile.",
  resolve = function(c)
    return {t = '\xff\xfe'}, 'x'
  end,
}
