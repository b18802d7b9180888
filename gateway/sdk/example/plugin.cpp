// plugin.cpp
#include "hearthgate/plugin.h"

#include <memory>
#include <string>

using namespace hearthgate::sdk;

namespace {

class Minutes final : public Plugin {
 public:
  // Everything named in `needs` below is there; nothing else is. No side effects here.
  explicit Minutes(Host& host)
      : log_(*capability<Log>(host)), timers_(*capability<Timers>(host)), entities_(*capability<Entities>(host)) {}

  Outcome configure(std::string_view section_json) override {
    if (section_json != "{}") return Outcome::failure("bad_configuration", "plugins.minutes: it has no keys");
    return Outcome::success();
  }

  Outcome start() override {
    publish();
    return Outcome::success();
  }

  // Timers and callbacks end by themselves; threads and sockets of one's own have to be ended here.
  void stop() override {}

 private:
  void publish() {
    const std::string fields = R"({"state":")" + std::to_string(minutes_) + R"("})";
    entities_.write({"sensor.gateway_minutes", "state", EntityWrite::How::kPatch, fields},
                    [this](const Outcome& outcome, const Entity&) {
                      if (!outcome.ok()) log_.write(Log::Level::kWarning, outcome.message);
                    });
    ++minutes_;
    timers_.after(60'000, [this] { publish(); });
  }

  Log& log_;
  Timers& timers_;
  Entities& entities_;
  int minutes_ = 0;
};

}  // namespace

//                id         version  roles    needs                      kinds of entities
HEARTHGATE_PLUGIN(Minutes, "minutes", "1.0.0", kBridge, "log/1 timers/1 entities/1", "state");
