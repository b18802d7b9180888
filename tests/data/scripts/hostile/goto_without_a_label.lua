-- expect: bad_script
goto nowhere
