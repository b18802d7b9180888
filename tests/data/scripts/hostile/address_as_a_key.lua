-- expect: script_failed
return {
  name = "address-as-a-key",
  about = "Hostile.",
  resolve = function(c)
    local t = {[{}] = 1, [error] = 2}
    for k, v in pairs(t) do return {v = v}, 'x' end
  end,
}
