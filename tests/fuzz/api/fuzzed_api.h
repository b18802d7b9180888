// A home with its real engine and all routes of the API, without an HTTP library: what the fuzzers of requests and of
// bulk bodies talk to. Each is new, on a copy of one database; one thread.
#pragma once

#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "api/event_streams.h"
#include "api/router.h"
#include "sim/home.h"
#include "unit/api/served_home.h"

namespace hearthgate::fuzz {

struct RequestText {
  std::string method;
  std::string target;  // as on the wire
  std::map<std::string, std::string> headers;
  std::string body;
  bool chunked = false;
  bool broken = false;  // the connection ends before the body does
};

class FuzzedApi {
 public:
  FuzzedApi();
  ~FuzzedApi();

  // What a server would send for it; checked for what holds of every answer.
  api::Answer ask(const RequestText& request);
  // Everything that is stored would be taken from anybody.
  void checkStored();

  const HomeId& me() const;
  static const HomeId& peer();
  // Puts this home's and the other's id where `{me}` and `{peer}` stand, and ids of the two versions of light.kitchen
  // for `{one}` and `{two}`.
  std::string named(std::string_view text) const;

 private:
  std::string folder_;
  sim::FakeClock clock_;
  sim::SeededRandom random_{1};
  plugin_host::HostFilter filter_{{"beach.local"}};
  api::ScriptedHomes homes_;
  api::ScriptedPlugins plugins_;
  std::unique_ptr<engine::Engine> engine_;
  std::shared_ptr<api::StreamBell> bell_ = std::make_shared<api::StreamBell>();
  api::Router router_;
  std::unique_ptr<api::Gateway> gateway_;
};

}  // namespace hearthgate::fuzz
