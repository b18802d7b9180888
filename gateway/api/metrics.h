// The text of GET /metrics, which GET /report holds too. Request threads.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/gateway.h"
#include "store/reader.h"

namespace hearthgate::api {

std::string metricsText(Gateway& gateway, store::Reader& reader);
// The starts of ids, as long as it takes to tell them apart, eight symbols at least.
std::map<std::string, std::string> shortIds(const std::vector<std::string>& ids);

}  // namespace hearthgate::api
