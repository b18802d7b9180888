// Errors as application/problem+json (RFC 9457): the one table from code to HTTP status. Values, any thread.
#pragma once

#include <string>

#include "api/call.h"
#include "base/result.h"

namespace hearthgate::api {

// 500 for a code that is not in the table.
int statusOf(const Error& error);
Answer problem(const Error& error);
// With another status than the table's.
Answer problem(const Error& error, int status);
std::string reasonPhrase(int status);

}  // namespace hearthgate::api
