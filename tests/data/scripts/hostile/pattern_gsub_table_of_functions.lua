-- expect: script_failed
return {
  name = "pattern-gsub-table-of-functions",
  about = "Hostile.",
  resolve = function(c)
    return {at = ('a'):gsub('a', {a = function() end})}, 'x'
  end,
}
