// GET /doctor: what is well and what is not, each with what to do. Dials, announces and reads what it tells, so that it is about
// now; bounded in time by tuning.h.
#include "api/doctor.h"

#include <algorithm>
#include <future>

#include "api/json_text.h"
#include "api/router.h"

namespace hearthgate::api {
namespace {

const char* verdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSkipped: return "skipped";
    case Verdict::kOk: return "ok";
    case Verdict::kWarn: return "warn";
    case Verdict::kFail: break;
  }
  return "fail";
}

Result<Answer> doctor(Gateway& gateway, Call&) {
  // These two wait for others.
  auto looked = std::async(std::launch::async, [&] { return gateway.parts.homes.lookAround(kDoctorVoice); });
  auto tried = std::async(std::launch::async, [&] { return gateway.parts.homes.tryNow(kDoctorDials); });
  Findings machine;
  checkClock(gateway, &machine);
  checkDisk(gateway, &machine);
  checkDatabase(gateway, &machine);
  checkWrites(gateway, &machine);
  NetworkLook look = looked.get();
  Findings all;
  checkPlugins(gateway, &all);
  checkNetwork(gateway, look, &all);
  checkPorts(gateway, look, &all);
  if (!tried.get()) return stateError("stopping", "The gateway is stopping; repeat this when it runs again.");
  if (Status read = checkHomes(gateway, look, &all); !read.ok()) {
    all.push_back({"homes", "homes", Verdict::kFail, "What is known of other homes cannot be read: " + read.error().message,
                   "Look at `database` below."});
  }
  std::move(machine.begin(), machine.end(), std::back_inserter(all));

  Verdict worst = Verdict::kOk;
  std::string out;
  ObjectText object(&out);
  for (const Finding& finding : all) worst = std::max(worst, finding.verdict);
  object.text("worst", verdictText(worst));
  {
    ArrayText items(&object.value("items"));
    for (const Finding& finding : all) {
      ObjectText item(items.item());
      item.text("id", finding.id).text("about", finding.about).text("verdict", verdictText(finding.verdict));
      item.text("detail", finding.detail).text("next_action", finding.next_action);
    }
  }
  object.close();
  return Answer::json(std::move(out));
}

}  // namespace

void addDoctorRoutes(Router& router) { router.add({"GET", "/api/v1/doctor", {}, doctor, true}); }

}  // namespace hearthgate::api
