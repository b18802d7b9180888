-- expect: bad_script
return {name = 'x', about = ('x'):rep(1000000), resolve = function() end}
