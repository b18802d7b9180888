-- expect: bad_script
return '\999'
