-- expect: bad_script
return {name = 'x', about = 'x', applies_to = {ids = {('*'):rep(100000)}}, resolve = function() end}
