-- expect: bad_script
return {name = ('x'):rep(1000000), about = 'x', resolve = function() end}
