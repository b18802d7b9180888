-- expect: script_failed
return {
  name = "error-is-a-table",
  about = "Hostile.",
  resolve = function(c)
    error({message = 'x'})
  end,
}
