-- expect: bad_script
return 42
