-- expect: bad_result
return {
  name = "result-text-beyond-unicode",
  about = "Hostile.",
  resolve = function(c)
    return {t = utf8.char(0x7FFFFFFF)}, 'x'
  end,
}
