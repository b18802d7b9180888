// A plugin that misbehaves on demand, for tests with real daemons. Its section tells what it does in which place:
// `{"start": "hang"}`. Places: configure, start, stop, destroy, timer, thread (one that it began itself) and change (of
// an entity). What it can do there: throw, hang (for ever, or until the file that `until` names is there), abort, segv,
// overflow (its stack), exit.
// It counts the changes that it was told of in `wild.changes`, so that a test sees it work.
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "hearthgate/plugin.h"

namespace sample {

using namespace hearthgate::sdk;

class Wild final : public Plugin {
 public:
  explicit Wild(Host& host) : timers_(*capability<Timers>(host)), entities_(*capability<Entities>(host)) {}
  ~Wild() override { misbehave("destroy"); }

  Outcome configure(std::string_view section_json) override {
    section_ = section_json;
    misbehave("configure");
    return Outcome::success();
  }
  Outcome start() override {
    misbehave("start");
    const Outcome subscribed = entities_.subscribe([this](const Entity& entity) { changed(entity); });
    if (!subscribed.ok()) return subscribed;
    timers_.after(kSoonMs, [this] { misbehave("timer"); });
    if (!valueOf("thread").empty()) {
      thread_ = std::thread([this] {
        ::usleep(kSoonMs * 1000);
        misbehave("thread");
      });
    }
    return Outcome::success();
  }
  void stop() override {
    misbehave("stop");
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr int kSoonMs = 200;

  std::string valueOf(const std::string& key) const {
    const std::string before = "\"" + key + "\":\"";
    const size_t at = section_.find(before);
    if (at == section_.npos) return {};
    return section_.substr(at + before.size(), section_.find('"', at + before.size()) - at - before.size());
  }
  void changed(const Entity& entity) {
    if (entity.address.rfind("wild.changes", 0) == 0) return;
    misbehave("change");
    ++changes_;
    entities_.write({"wild.changes", "state", EntityWrite::How::kPatch, "{\"n\":" + std::to_string(changes_) + "}"},
                    [](const Outcome&, const Entity&) {});
  }
  void misbehave(const std::string& place) const {
    const std::string what = valueOf(place);
    if (what == "throw") throw std::runtime_error("no luck in " + place);
    if (what == "abort") std::abort();
    if (what == "exit") std::exit(3);
    if (what == "segv") *static_cast<volatile int*>(nullptr) = 1;
    if (what == "overflow") overflow(1);
    if (what == "hang") {
      while (valueOf("until").empty() || ::access(valueOf("until").c_str(), F_OK) != 0) ::usleep(1000);
    }
  }
  static int overflow(int depth) {
    volatile char page[4096];
    page[0] = static_cast<char>(depth);
    return depth == 0 ? 0 : overflow(depth + 1) + page[0];
  }

  Timers& timers_;
  Entities& entities_;
  std::string section_;
  int changes_ = 0;
  std::thread thread_;
};

}  // namespace sample

#ifndef WILD_NAME
#define WILD_NAME "wild"
#endif
HEARTHGATE_PLUGIN(sample::Wild, WILD_NAME, "1.0.0", hearthgate::sdk::kBridge, "timers/1 entities/1", "state");
