-- expect: bad_script
local ids = {}
for i = 1, 100000 do ids[i] = '*' end
return {name = 'x', about = 'x', applies_to = {ids = ids}, resolve = function() end}
