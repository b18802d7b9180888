// What GET /doctor looks at, a file for each family. Request threads.
#pragma once

#include <string>
#include <vector>

#include "api/gateway.h"

namespace hearthgate::api {

enum class Verdict { kSkipped, kOk, kWarn, kFail };

struct Finding {
  std::string id;     // stable: `disk`, `mdns.eth0`, `home.4bq7xk2n.tcp`
  std::string about;  // a few words
  Verdict verdict = Verdict::kOk;
  std::string detail;       // a plain sentence
  std::string next_action;  // of what warns or fails
};
using Findings = std::vector<Finding>;

void checkPlugins(Gateway& gateway, Findings* all);
void checkClock(Gateway& gateway, Findings* all);
void checkDisk(Gateway& gateway, Findings* all);
void checkDatabase(Gateway& gateway, Findings* all);
void checkWrites(Gateway& gateway, Findings* all);
// `look`: at its end (Homes::lookAround).
void checkNetwork(Gateway& gateway, const NetworkLook& look, Findings* all);
void checkPorts(Gateway& gateway, const NetworkLook& look, Findings* all);
// What was heard of other homes, and each known home step by step, after Homes::tryNow. Errors: of the database.
Status checkHomes(Gateway& gateway, const NetworkLook& look, Findings* all);

// For people.
std::string sizeText(uint64_t bytes);

}  // namespace hearthgate::api
