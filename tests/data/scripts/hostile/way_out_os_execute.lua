-- expect: script_failed
return {
  name = "way-out-os-execute",
  about = "Hostile.",
  resolve = function(c)
    os.execute('touch /tmp/hearthgate-was-here')
  end,
}
