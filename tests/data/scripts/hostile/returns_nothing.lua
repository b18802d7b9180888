-- expect: bad_script
local x = 1
