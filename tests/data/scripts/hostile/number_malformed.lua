-- expect: bad_script
return 3x
