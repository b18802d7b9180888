// One plugin, built several times under different names: what it does wrong is chosen by SAMPLE_FAULT. It writes its
// life down as `state`, so that a test can read it after the plugin is gone.
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "hearthgate/plugin.h"

#ifndef SAMPLE_ROLES
#define SAMPLE_ROLES hearthgate::sdk::kBridge
#endif
#ifndef SAMPLE_NEEDS
#define SAMPLE_NEEDS "log/1 timers/1 state/1 entities/1 request_filter/1"
#endif
#define SAMPLE_TEXT_OF(x) #x
#define SAMPLE_TEXT(x) SAMPLE_TEXT_OF(x)

namespace sample {

using namespace hearthgate::sdk;

enum Fault { kNone, kCreate, kConfigure, kStart, kStartFails, kTimer, kStop, kAbort, kNull };

// Runs when the file is loaded: a test sees by it whether reading the descriptor ran any code.
struct Loaded {
  Loaded() { ::setenv("HEARTHGATE_SAMPLE_LOADED_" SAMPLE_TEXT(SAMPLE_NAME), "1", 1); }
};
const Loaded loaded;

class Sample final : public Plugin {
 public:
  explicit Sample(Host& host)
      : host_(host),
        state_(*capability<State>(host)),
        timers_(*capability<Timers>(host)),
        entities_(capability<Entities>(host)) {
    if (SAMPLE_FAULT == kCreate) throw std::runtime_error("no luck in create");
    tell("create");
  }
  ~Sample() override { tell("destroy"); }

  Outcome configure(std::string_view section_json) override {
    tell("configure " + std::string(section_json));
    if (SAMPLE_FAULT == kConfigure) return Outcome::failure("bad_configuration", "plugins.sample.colour: unknown key");
    return Outcome::success();
  }
  Outcome start() override {
    tell("start");
    if (SAMPLE_FAULT == kStart) throw 42;
    if (SAMPLE_FAULT == kStartFails) return Outcome::failure("device_missing", "no device at /dev/sample");
    if (SAMPLE_FAULT == kAbort) std::abort();
    if (SAMPLE_FAULT == kTimer) {
      timers_.after(1, [] { throw std::runtime_error("no luck in a timer"); });
    }
    if (capability<Log>(host_) == nullptr) tell("no log");
    if (host_.capability("log", 2) != nullptr) tell("a revision that was not asked for");
    if (entities_ != nullptr) useEntities();
    cancelled_ = timers_.after(0, [this] { tell("a cancelled timer"); });
    timers_.cancel(cancelled_);
    timers_.after(3'600'000, [kept = std::make_shared<int>(1)] { *kept = 2; });
    timers_.post([this] { tell("posted"); });
    return Outcome::success();
  }
  void stop() override {
    tell("stop");
    if (SAMPLE_FAULT == kStop) throw std::runtime_error("no luck in stop");
  }

 private:
  void useEntities() {
    Entity entity;
    tell("read state.known: " + entities_->read("state.known", &entity).code + entity.fields_json);
    tell("read state.secret: " + entities_->read("state.secret", &entity).code);
    tell(entities_
             ->subscribe([this](const Entity& changed) { tell("changed " + changed.address + changed.fields_json); })
             .code);
    entities_->write(
        {"state.mine", "state", EntityWrite::How::kPatch, R"({"a":1})"},
        [this](const Outcome& outcome, const Entity& written) { tell("written " + written.address + outcome.code); });
    entities_->write({"secret.mine", "secret", EntityWrite::How::kPatch, "{}"},
                     [this](const Outcome& outcome, const Entity&) { tell("refused " + outcome.code); });
  }
  void tell(const std::string& what) {
    std::optional<std::string> life;
    if (state_.get("life", &life).ok() && !what.empty()) {
      const Outcome kept = state_.put("life", life.value_or("") + what + "\n");
      if (!kept.ok()) std::abort();
    }
  }

  Host& host_;
  State& state_;
  Timers& timers_;
  Entities* const entities_;
  uint64_t cancelled_ = 0;
};

}  // namespace sample

#if defined(SAMPLE_NO_ENTRY)
extern "C" __attribute__((used, visibility("default"),
                          section(".hearthgate"))) constexpr hearthgate::sdk::Descriptor hearthgate_descriptor =
    hearthgate::sdk::describe(SAMPLE_TEXT(SAMPLE_NAME), "1.2.3", SAMPLE_ROLES, SAMPLE_NEEDS, "state");
#elif defined(SAMPLE_UNDEFINED)
extern "C" int hearthgate_sample_that_nobody_defines();
const int used = hearthgate_sample_that_nobody_defines();
HEARTHGATE_PLUGIN(sample::Sample, SAMPLE_TEXT(SAMPLE_NAME), "1.2.3", SAMPLE_ROLES, SAMPLE_NEEDS, "state");
#else
HEARTHGATE_PLUGIN(sample::Sample, SAMPLE_TEXT(SAMPLE_NAME), "1.2.3", SAMPLE_ROLES, SAMPLE_NEEDS, "state");
#endif
