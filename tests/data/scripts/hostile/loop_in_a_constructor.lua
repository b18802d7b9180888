-- expect: time_limit
local function f() while true do end end
return {name = 'x', about = 'x', f(), resolve = function() end}
