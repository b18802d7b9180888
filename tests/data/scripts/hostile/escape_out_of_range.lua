-- expect: bad_script
return '\u{FFFFFFFFF}'
