-- expect: bad_script
local x <const> = 1
x = 2
