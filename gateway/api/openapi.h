// gateway/api/openapi.yaml, compiled in.
#pragma once

#include <string>

namespace hearthgate::api {

const std::string& openapiDocument();

}  // namespace hearthgate::api
