-- expect: bad_script
return {name = {}, about = 'x', resolve = function() end}
