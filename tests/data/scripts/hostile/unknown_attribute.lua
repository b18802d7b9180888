-- expect: bad_script
local x <forever> = 1
