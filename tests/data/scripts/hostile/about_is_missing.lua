-- expect: bad_script
return {name = 'x', resolve = function() end}
