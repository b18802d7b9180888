-- expect: bad_script
return {name = 'x', about = 'x', applies_to = {kinds = {1, 2}}, resolve = function() end}
