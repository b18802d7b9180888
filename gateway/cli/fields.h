// Fields as they are given on the command line. The program's one thread.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace hearthgate::cli {

inline constexpr const char* kFieldsHelp =
    "KEY=TEXT or KEY:=JSON; KEY:=null removes; KEY+=TEXT and KEY-=TEXT (or +:=JSON, -:=JSON) an element of a set; KEY++, KEY--, "
    "KEY++=N, KEY--=N a counter";

// Reads `a=b` (text), `a:=JSON` (any value), `a+=b`, `a-=b`, `a+:=JSON`, `a-:=JSON` (a set gets or loses it) and `a++`, `a--`,
// `a++=N`, `a--=N` (a counter). A key is taken as it is, dots included; one key may get several elements. `types` are those
// of the entity as it is, so that a set that only grows is written as one; a new set is one of these if `grows_only`.
// Ends the program where a text is no field.
boost::json::object parseFields(Context& context, const std::vector<std::string>& texts, const Json& types = {},
                                bool grows_only = false);

// Whether any of them is about a set or counter, so that the types that are there are worth asking for.
bool changesSets(const std::vector<std::string>& texts);

}  // namespace hearthgate::cli
