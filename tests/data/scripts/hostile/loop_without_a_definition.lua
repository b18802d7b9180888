-- expect: time_limit
repeat until false
