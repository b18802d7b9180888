-- expect: bad_script
return function(c) return {}, 'x' end
