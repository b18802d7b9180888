# Where packages of Hearthgate put plugins, below the prefix of an installation.
set(HEARTHGATE_PLUGIN_DIRECTORY lib/hearthgate/plugins CACHE STRING "Where `cmake --install` puts plugins")

# One plugin: the file NAME.so, and its place at `cmake --install`. NAME is the id in HEARTHGATE_PLUGIN.
# Use: hearthgate_add_plugin(NAME SOURCES plugin.cpp ... [LINK library ...])
function(hearthgate_add_plugin name)
  cmake_parse_arguments(PLUGIN "" "" "SOURCES;LINK" ${ARGN})
  if(NOT PLUGIN_SOURCES OR PLUGIN_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "hearthgate_add_plugin(${name}): use hearthgate_add_plugin(NAME SOURCES file ... [LINK library ...])")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "hearthgate_add_plugin(${name}): a plugin's name is lower case letters, digits and _")
  endif()
  add_library(${name} MODULE ${PLUGIN_SOURCES})
  target_link_libraries(${name} PRIVATE Hearthgate::Sdk ${PLUGIN_LINK})
  # A symbol of the kind "GNU unique" would pin the file in the gateway's memory for ever; it has to go at reload.
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  # What is missing is said here and not at the gateway.
  target_link_options(${name} PRIVATE LINKER:--no-undefined)
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .so CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  install(TARGETS ${name} LIBRARY DESTINATION ${HEARTHGATE_PLUGIN_DIRECTORY})
endfunction()
