# Writes OUTPUT: the file INPUT as one C++ function. A literal holds at most 64 KiB in practice (GCC takes more, the
# standard promises 65,536 characters), so the text is cut into parts.
file(READ ${INPUT} text)
string(LENGTH "${text}" length)
set(parts "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 16000 part)
  string(APPEND parts "      R\"YAML(${part})YAML\"\n")
  math(EXPR at "${at} + 16000")
endwhile()
file(WRITE ${OUTPUT} "#include \"api/openapi.h\"\n\nnamespace hearthgate::api {\n\nconst std::string& openapiDocument() {\n  static const std::string text =\n${parts}      \"\";\n  return text;\n}\n\n}  // namespace hearthgate::api\n")
