-- expect: bad_script
return null
