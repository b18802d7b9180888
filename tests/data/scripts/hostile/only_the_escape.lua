-- expect: bad_script
