// The text of GET /metrics, which GET /report holds too. Request threads.
#pragma once

#include <string>

#include "api/gateway.h"
#include "store/reader.h"

namespace hearthgate::api {

std::string metricsText(Gateway& gateway, store::Reader& reader);

}  // namespace hearthgate::api
