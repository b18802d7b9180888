-- expect: declined
return {name = 'x', about = 'x', applies_to = {ids = {('*a'):rep(100) .. 'b'}}, resolve = function() return {}, 'x' end}
