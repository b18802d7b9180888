-- expect: declined
return {
  name = "decline-reason-terminal-escapes",
  about = "Hostile.",
  resolve = function(c)
    return nil, '\27[2J\27]0;owned\7\xff\0'
  end,
}
