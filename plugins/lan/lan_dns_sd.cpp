#include "lan_dns_sd.h"

#include <avahi-common/simple-watch.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>

#include "announcing.h"
#include "interfaces.h"
#include "responder.h"

namespace hearthgate::lan {
namespace {

using Heard = sdk::DnsSd::Heard;

using std::chrono::steady_clock;

// One browse: the instances of a type. Of few each is resolved as long as it is there, which has Avahi ask for its records
// again and again (RFC 6762 section 5.2). Of many each is resolved for a moment now and then: what others announce is in
// Avahi's cache, and a resolver that is gone before its questions left (after a tenth of a second) asks nothing.
class Browse {
 public:
  Browse(std::string type, Heard heard, const LanDnsSd::Logger& logger, std::function<bool(const std::string&)> is_own)
      : type_(std::move(type)), heard_(std::move(heard)), logger_(logger), is_own_(std::move(is_own)) {}

  bool begin(Responder& responder) {
    browser_ = responder.browse(
        type_, [this, &responder](bool there, AvahiIfIndex interface, AvahiProtocol protocol, const std::string& name) {
          there ? came(responder, {interface, protocol, name}) : left({interface, protocol, name});
        });
    return browser_ != nullptr;
  }

  // What the last callbacks brought about.
  void look(Responder& responder, steady_clock::time_point now) {
    // There is room again, and Avahi does not tell twice what it found no place for.
    if (std::exchange(again_, false)) {
      full_ = false;
      browser_.reset();
      begin(responder);
    }
    const bool few = instances_.size() <= kFollowedInstances;
    const bool due = few || now >= look_due_;
    for (auto& [key, instance] : instances_) {
      if (!few && instance.answered) instance.resolver.reset();
      if (due && !instance.resolver) resolve(responder, key, instance);
    }
    if (due) look_due_ = now + std::chrono::milliseconds(1000 * instances_.size() / kLooksPerSecond);
  }

  // When look() has something to do though nothing has happened.
  steady_clock::time_point due() const {
    return instances_.size() <= kFollowedInstances ? steady_clock::time_point::max() : look_due_;
  }

  // Everything is lost: the responder is.
  void suspend() {
    browser_.reset();
    while (!instances_.empty()) left(instances_.begin()->first);
    full_ = again_ = false;
  }

 private:
  using Key = std::tuple<AvahiIfIndex, AvahiProtocol, std::string>;
  struct Instance {
    sdk::ServiceInstance told;
    bool is_told = false;
    bool answered = false;  // since the resolver was made
    std::unique_ptr<Lasting> resolver;
  };

  void resolve(Responder& responder, const Key& key, Instance& instance) {
    instance.answered = false;
    instance.resolver = responder.resolve(std::get<0>(key), std::get<1>(key), type_, std::get<2>(key),
                                          [this, key](Responder::Place place) { resolved(key, std::move(place)); });
  }

  void came(Responder& responder, const Key& key) {
    if (instances_.contains(key)) return;
    if (instances_.size() >= kMaxInstances && !makeRoom()) {
      if (!std::exchange(full_, true)) {
        logger_(sdk::Log::Level::kWarning, "more than " + std::to_string(kMaxInstances) + " instances of " + type_ +
                                               " are announced; the others are not looked at");
      }
      return;
    }
    Instance& instance = instances_[key];
    instance.told = {type_, std::get<2>(key), interfaceName(std::get<0>(key)), "", 0, {}, false, false};
    resolve(responder, key, instance);
  }

  void resolved(const Key& key, Responder::Place place) {
    const auto at = instances_.find(key);
    if (at == instances_.end()) return;
    Instance& instance = at->second;
    instance.answered = true;
    sdk::ServiceInstance now = instance.told;
    now.address = addressText(place.address, std::get<0>(key));
    now.port = place.port;
    now.txt = bounded(std::move(place.txt));
    now.own = is_own_(place.host);
    now.on_link = isOnLink(std::get<0>(key), place.address);
    const bool same = now.address == instance.told.address && now.port == instance.told.port &&
                      now.txt == instance.told.txt && now.on_link == instance.told.on_link;
    if (instance.is_told && same) return;
    instance.told = std::move(now);
    heard_(std::exchange(instance.is_told, true) ? sdk::ServiceChange::kChanged : sdk::ServiceChange::kFound, instance.told);
  }

  // One that says a name and never where it is gives way.
  bool makeRoom() {
    const auto nowhere = std::find_if(instances_.begin(), instances_.end(), [](const auto& one) { return !one.second.is_told; });
    if (nowhere == instances_.end()) return false;
    instances_.erase(nowhere);
    full_ = true;
    return true;
  }

  void left(const Key& key) {
    again_ = again_ || full_;
    auto node = instances_.extract(key);
    if (!node.empty() && node.mapped().is_told) heard_(sdk::ServiceChange::kLost, node.mapped().told);
  }

  const std::string type_;
  const Heard heard_;
  const LanDnsSd::Logger& logger_;
  const std::function<bool(const std::string& host)> is_own_;
  bool full_ = false;   // something was not looked at
  bool again_ = false;
  std::map<Key, Instance> instances_;
  steady_clock::time_point look_due_{};
  std::unique_ptr<Lasting> browser_;
};

}  // namespace

struct LanDnsSd::Loop {
  Loop(MdnsMode given_mode, Logger given_logger)
      : mode(given_mode), logger(std::move(given_logger)), poll(avahi_simple_poll_new(), &avahi_simple_poll_free) {}

  const MdnsMode mode;
  const Logger logger;
  const std::unique_ptr<AvahiSimplePoll, decltype(&avahi_simple_poll_free)> poll;
  bool stopping = false;
  std::map<uint64_t, std::unique_ptr<Browse>> browses;
  std::map<uint64_t, std::unique_ptr<Announcing>> announcements;
  std::string failure;  // of the responder
  std::string told;     // why there is none
  bool by_daemon = false;
  int without_daemon = 0;  // tries to find it again
  steady_clock::time_point look_for_daemon{};  // where `auto` does without one
  bool interfaces_changed = false;
  std::map<uint64_t, steady_clock::time_point> again;  // announcements that are published anew then
  std::unique_ptr<Responder> responder;
  std::unique_ptr<InterfaceWatch> watch;

  // Whether `host` is the name of an own announcement's, `LABEL.local`.
  bool announces(const std::string& host) const {
    for (const auto& [number, announcing] : announcements) {
      if (host.starts_with(announcing->host() + ".")) return true;
    }
    return false;
  }

  std::function<void(const std::string&)> failed() {
    return [this](const std::string& why) { failure = why; };
  }

  // By `found` when it is one, the machine's daemon; else by what there is.
  std::string begin(std::unique_ptr<Responder> found) {
    const AvahiPoll* api = avahi_simple_poll_get(poll.get());
    MadeResponder made{std::move(found), ""};
    if (!made.responder && mode != MdnsMode::kEmbedded) made = daemonResponder(api, failed());
    const bool daemon = made.responder != nullptr;
    // One that was there is most likely being updated.
    if (!daemon && mode == MdnsMode::kAuto && by_daemon && ++without_daemon <= kDaemonTries) return made.problem;
    by_daemon = daemon;
    without_daemon = 0;
    if (!daemon && mode != MdnsMode::kDaemon) {
      made = embeddedResponder(api, failed(), [this](const char* text) { logger(sdk::Log::Level::kDebug, text); });
      look_for_daemon = steady_clock::now() + kLookForDaemon;
    }
    if (!made.responder) return made.problem;
    failure.clear();
    logger(sdk::Log::Level::kDebug, daemon ? "multicast DNS goes through avahi-daemon" : "multicast DNS is done here");
    responder = std::move(made.responder);
    watch = std::make_unique<InterfaceWatch>(api, [this] { interfaces_changed = true; });
    return watch->problem();
  }

  bool doesWithoutDaemon() const {
    return mode == MdnsMode::kAuto && responder && !by_daemon && daemonLibraryProblem().empty();
  }

  // It may be begun after the gateway, or come back after a long time.
  void lookForDaemon(steady_clock::time_point now) {
    if (!doesWithoutDaemon() || now < look_for_daemon) return;
    look_for_daemon = now + kLookForDaemon;
    MadeResponder made = daemonResponder(avahi_simple_poll_get(poll.get()), failed());
    failure.clear();  // of one that is not there
    if (made.responder) change(std::move(made.responder));
  }

  void run() {
    beginAgain();
    while (!stopping) step();
    browses.clear();
    announcements.clear();
    // Avahi sends its goodbyes from its loop, some milliseconds later.
    const auto end = steady_clock::now() + kGoodbyeTime;
    for (auto left = kGoodbyeTime; left.count() > 0;
         left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now())) {
      avahi_simple_poll_iterate(poll.get(), static_cast<int>(left.count()));
    }
  }

  // How long nothing has to be done without a call.
  int patience() const {
    if (!responder) return static_cast<int>(kBeginAgain.count());
    auto first = doesWithoutDaemon() ? look_for_daemon : steady_clock::time_point::max();
    for (const auto& [number, when] : again) first = std::min(first, when);
    for (const auto& [number, browse] : browses) first = std::min(first, browse->due());
    if (first == steady_clock::time_point::max()) return -1;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(first - steady_clock::now()).count();
    return static_cast<int>(std::max<int64_t>(left + 1, 0));
  }

  void step() {
    const bool turned = avahi_simple_poll_iterate(poll.get(), patience()) == 0;
    if (!turned || !responder) failure = turned ? "it did not start" : "its loop ended";
    if (!stopping) settle();
  }

  // What the last callbacks found, outside of them: Avahi's objects are not to be destroyed from inside.
  void settle() {
    if (!failure.empty() || !responder) return beginAgain();
    if (std::exchange(interfaces_changed, false)) {
      const InterfaceAddresses interfaces = interfaceAddresses();
      for (auto& [number, announcing] : announcements) announcing->publish(*responder, interfaces);
    }
    const auto now = steady_clock::now();
    for (auto& [number, browse] : browses) browse->look(*responder, now);
    lookForDaemon(now);
    for (auto& [number, announcing] : announcements) {
      const bool broken = announcing->broken(), host_taken = announcing->hostTaken(), taken = announcing->taken();
      if (broken) announcing->tell(sdk::Outcome::failure("mdns_failed", "it cannot be announced on every network"));
      if (host_taken) announcing->renameHost();
      const bool gives_up = taken && !announcing->rename();
      if (gives_up) {
        announcing->tell(sdk::Outcome::failure("name_taken", "others on this network have its name, and all that were tried instead; "
                                                             "it is tried again in a minute"));
      }
      if (broken || host_taken || taken) again[number] = now + (gives_up ? kAfterManyConflicts : kAfterConflict);
    }
    for (auto at = again.begin(); at != again.end();) {
      const auto announcing = announcements.find(at->first);
      if (announcing != announcements.end() && at->second > now) {
        ++at;
        continue;
      }
      if (announcing != announcements.end()) {
        if (announcing->second->gaveUp()) announcing->second->forgetRenames();
        announcing->second->publish(*responder, interfaceAddresses());
      }
      at = again.erase(at);
    }
  }

  // The daemon went, most likely: it is updated, or stopped for good.
  void beginAgain() {
    if (responder) logger(sdk::Log::Level::kWarning, "multicast DNS failed (" + failure + ") and is begun anew");
    failure.clear();
    change(nullptr);
  }

  // The old one says its goodbyes as it goes.
  void change(std::unique_ptr<Responder> to) {
    for (auto& [number, browse] : browses) browse->suspend();
    for (auto& [number, announcing] : announcements) announcing->suspend();
    watch.reset();
    responder.reset();
    const std::string problem = begin(std::move(to));
    if (!problem.empty()) {
      if (std::exchange(told, problem) != problem) logger(sdk::Log::Level::kError, "multicast DNS is off for now: " + problem);
      responder.reset();
      return;
    }
    told.clear();
    const InterfaceAddresses interfaces = interfaceAddresses();
    for (auto& [number, browse] : browses) browse->begin(*responder);
    for (auto& [number, announcing] : announcements) announcing->publish(*responder, interfaces);
  }
};

LanDnsSd::LanDnsSd(MdnsMode mode, Logger logger) : loop_(std::make_unique<Loop>(mode, std::move(logger))) {}

LanDnsSd::~LanDnsSd() = default;

const AvahiPoll* LanDnsSd::poll() const { return loop_->poll ? avahi_simple_poll_get(loop_->poll.get()) : nullptr; }

void LanDnsSd::run() { loop_->run(); }

void LanDnsSd::stop() { loop_->stopping = true; }

void LanDnsSd::browse(uint64_t number, const std::string& type, sdk::DnsSd::Heard heard) {
  auto browse = std::make_unique<Browse>(type, std::move(heard), loop_->logger,
                                         [loop = loop_.get()](const std::string& host) { return loop->announces(host); });
  if (loop_->responder && !browse->begin(*loop_->responder)) {
    loop_->logger(sdk::Log::Level::kError, "cannot browse for " + type + ": it is no type of service");
  }
  loop_->browses[number] = std::move(browse);
}

void LanDnsSd::announce(uint64_t number, sdk::Announcement announcement, sdk::DnsSd::Announced announced) {
  auto& announcing = loop_->announcements[number];
  announcing = std::make_unique<Announcing>(std::move(announcement), std::move(announced));
  if (loop_->responder) announcing->publish(*loop_->responder, interfaceAddresses());
}

void LanDnsSd::update(uint64_t announcement, std::vector<std::string> txt) {
  const auto at = loop_->announcements.find(announcement);
  if (at == loop_->announcements.end()) return;
  at->second->update(std::move(txt));
  // What could not be changed is made anew.
  if (loop_->responder) at->second->publish(*loop_->responder, interfaceAddresses());
}

void LanDnsSd::end(uint64_t number) {
  loop_->browses.erase(number);
  loop_->announcements.erase(number);
}

}  // namespace hearthgate::lan
