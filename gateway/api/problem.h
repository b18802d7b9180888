// Errors as application/problem+json (RFC 9457): the one table from code to HTTP status. Values, any thread.
#pragma once

#include <string>

#include "api/call.h"
#include "base/result.h"

namespace hearthgate::api {

// Every code that has a status of its own; openapi.yaml lists the same.
const std::map<std::string, int, std::less<>>& problemStatuses();
// 500 for a code that is not in the table.
int statusOf(const Error& error);
Answer problem(const Error& error);
// With another status than the table's.
Answer problem(const Error& error, int status);
std::string reasonPhrase(int status);

}  // namespace hearthgate::api
