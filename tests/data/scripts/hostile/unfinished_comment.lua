-- expect: bad_script
--[[ never closed
return {}
