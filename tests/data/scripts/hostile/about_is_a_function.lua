-- expect: bad_script
return {name = 'x', about = function() end, resolve = function() end}
