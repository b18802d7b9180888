// What `status` asks a person to look at. Request threads.
#pragma once

#include <string>
#include <vector>

#include "api/gateway.h"
#include "store/reader.h"

namespace hearthgate::api {

struct Attention {
  std::string code;
  std::string detail;  // what it is and what to do
  std::string home;    // id of the home it is about, or empty
};

// Why nothing carries links, and what to do; empty where something does, or where sync is off.
std::string whyNoLinks(Gateway& gateway, const std::vector<PluginItem>& plugins);

std::vector<Attention> attentionOf(Gateway& gateway, store::Reader& reader);

}  // namespace hearthgate::api
