-- expect: memory_limit|time_limit
local s = ('x'):rep(1000000)
while true do s = s .. s end
