-- expect: time_limit
return {
  name = "loop-upvalue-counter",
  about = "Hostile.",
  resolve = function(c)
    local n = 0
    local function up() n = n + 1 return n end
    repeat until up() < 0
  end,
}
