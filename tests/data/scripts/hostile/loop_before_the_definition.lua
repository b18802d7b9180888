-- expect: time_limit
while true do end
return {name = 'x', about = 'x', resolve = function() end}
