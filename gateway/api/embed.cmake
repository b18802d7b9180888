# Writes OUTPUT: the file INPUT as one C++ function. A literal holds at most 64 KiB in practice (GCC takes more, the
# standard promises 65,536 characters, joined ones too), so the text is cut into parts and put together at run time.
file(READ ${INPUT} text)
string(LENGTH "${text}" length)
set(parts "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 16000 part)
  string(APPEND parts "    all += R\"YAML(${part})YAML\";\n")
  math(EXPR at "${at} + 16000")
endwhile()
file(WRITE ${OUTPUT} "#include \"api/openapi.h\"\n\nnamespace hearthgate::api {\n\nconst std::string& openapiDocument() {\n  static const std::string text = [] {\n    std::string all;\n${parts}    return all;\n  }();\n  return text;\n}\n\n}  // namespace hearthgate::api\n")
