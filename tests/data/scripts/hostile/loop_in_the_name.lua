-- expect: time_limit
return {name = (function() while true do end end)(), about = 'x', resolve = function() end}
