-- expect: bad_script
return {name = 'x', about = 'x', applies_to = 'light.*', resolve = function() end}
