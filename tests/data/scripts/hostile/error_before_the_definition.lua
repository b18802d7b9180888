-- expect: bad_script
error('not today')
