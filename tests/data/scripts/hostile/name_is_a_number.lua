-- expect: bad_script
return {name = 12, about = 'x', resolve = function() end}
