-- expect: script_failed|memory_limit|time_limit
return {
  name = "errors-all-the-way-down",
  about = "Hostile.",
  resolve = function(c)
    local function f(e) error({e}) end
    local why
    while true do local ok, e = pcall(f, why) why = e end
  end,
}
