-- expect: result_too_large
return {
  name = "result-shared-a-thousand-times",
  about = "Hostile.",
  resolve = function(c)
    local t, l = {('x'):rep(2000)}, {}
    for i = 1, 1000 do l[i] = t end
    return {l = l}, 'x'
  end,
}
