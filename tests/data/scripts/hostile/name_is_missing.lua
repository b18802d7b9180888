-- expect: bad_script
return {about = 'x', resolve = function() end}
