-- expect: bad_script
break
