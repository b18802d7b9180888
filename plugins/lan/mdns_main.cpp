// The process that speaks multicast DNS: orders on standard input, reports on standard output (mdns_messages.h). It ends with
// its standard input, after its goodbyes. The one argument is `auto`, `daemon` or `embedded`.
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "confinement.h"
#include "lan_dns_sd.h"
#include "mdns_messages.h"
#include "responder.h"

namespace hearthgate::lan {
namespace {

// A gateway that does not read any more has ended: the next read says so.
void say(const MdnsReport& report) {
  const std::string line = encode(report);
  for (std::string_view left = line; !left.empty();) {
    const ssize_t written = ::write(STDOUT_FILENO, left.data(), left.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) left.remove_prefix(static_cast<size_t>(written));
  }
}

class Orders {
 public:
  explicit Orders(MdnsMode mode)
      : dns_sd_(mode, [](sdk::Log::Level level, std::string_view text) {
          say({MdnsReport::What::kLog, 0, {}, {}, {}, std::string(text), level});
        }) {}

  int run() {
    const AvahiPoll* poll = dns_sd_.poll();
    AvahiWatch* watch = poll == nullptr ? nullptr : poll->watch_new(poll, STDIN_FILENO, AVAHI_WATCH_IN, &Orders::onReadable, this);
    if (watch == nullptr) {
      say({MdnsReport::What::kLog, 0, {}, {}, {}, "multicast DNS cannot start: no memory", sdk::Log::Level::kError});
      return 1;
    }
    dns_sd_.run();
    poll->watch_free(watch);
    return 0;
  }

 private:
  static void onReadable(AvahiWatch*, int, AvahiWatchEvent, void* self) { static_cast<Orders*>(self)->read(); }

  void read() {
    char bytes[4096];
    const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) return;
    const bool fine = got > 0 && lines_.feed({bytes, static_cast<size_t>(got)}, [&](std::string_view line) {
      if (const auto order = decodeOrder(line)) follow(*order);
    });
    if (!fine) dns_sd_.stop();
  }

  void follow(const MdnsOrder& order) {
    const uint64_t number = order.number;
    switch (order.what) {
      case MdnsOrder::What::kBrowse:
        return dns_sd_.browse(number, order.service.type, [number](sdk::ServiceChange change, const sdk::ServiceInstance& instance) {
          say({MdnsReport::What::kHeard, number, change, instance, {}, "", {}});
        });
      case MdnsOrder::What::kAnnounce:
        return dns_sd_.announce(number, order.service, [number](const sdk::Outcome& outcome, const std::string& name) {
          say({MdnsReport::What::kAnnounced, number, {}, {}, outcome, name, {}});
        });
      case MdnsOrder::What::kUpdate:
        return dns_sd_.update(number, order.service.txt);
      case MdnsOrder::What::kEnd:
        return dns_sd_.end(number);
    }
  }

  LanDnsSd dns_sd_;
  Lines lines_;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // they map half of the address space, and look for leaks from a process of their own
#else
constexpr bool kSanitized = false;
#endif

int run(std::string_view mode) {
  if (mode != "embedded") (void)daemonLibraryProblem();  // It opens files, which cannot be done later.
  if (const std::string problem = kSanitized ? "" : confine(); !problem.empty()) {
    say({MdnsReport::What::kLog, 0, {}, {}, {}, "the process that hears the network has more rights than it needs: " + problem,
         sdk::Log::Level::kWarning});
  }
  return Orders(mode == "daemon" ? MdnsMode::kDaemon : mode == "embedded" ? MdnsMode::kEmbedded : MdnsMode::kAuto).run();
}

}  // namespace
}  // namespace hearthgate::lan

int main(int argc, char** argv) { return hearthgate::lan::run(argc == 2 ? argv[1] : ""); }
