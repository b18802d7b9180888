// The process that speaks multicast DNS: orders on standard input, reports on standard output (mdns_messages.h). It ends with
// its standard input, after its goodbyes. The one argument is `auto`, `daemon` or `embedded`.
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "lan_dns_sd.h"
#include "mdns_messages.h"

namespace hearthgate::lan {
namespace {

// A gateway that does not read any more has ended: the next read says so.
void say(const MdnsReport& report) {
  static std::mutex mutex;  // two threads log
  const std::string line = encode(report);
  std::lock_guard lock(mutex);
  for (std::string_view left = line; !left.empty();) {
    const ssize_t written = ::write(STDOUT_FILENO, left.data(), left.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) left.remove_prefix(static_cast<size_t>(written));
  }
}

class Orders {
 public:
  explicit Orders(LanDnsSd& dns_sd) : dns_sd_(dns_sd) {}

  void follow(const MdnsOrder& order) {
    const uint64_t number = order.number;
    switch (order.what) {
      case MdnsOrder::What::kBrowse:
        numbers_[number] = dns_sd_.browse(order.service.type, [number](sdk::ServiceChange change, const sdk::ServiceInstance& instance) {
          say({MdnsReport::What::kHeard, number, change, instance, {}, "", {}});
        });
        return;
      case MdnsOrder::What::kAnnounce:
        numbers_[number] = dns_sd_.announce(order.service, [number](const sdk::Outcome& outcome, const std::string& name) {
          say({MdnsReport::What::kAnnounced, number, {}, {}, outcome, name, {}});
        });
        return;
      case MdnsOrder::What::kUpdate:
        if (numbers_.contains(number)) dns_sd_.update(numbers_[number], order.service.txt);
        return;
      case MdnsOrder::What::kEnd:
        if (numbers_.contains(number)) dns_sd_.end(numbers_[number]);
        numbers_.erase(number);
    }
  }

 private:
  LanDnsSd& dns_sd_;
  std::map<uint64_t, uint64_t> numbers_;  // the gateway's, ours
};

int run(std::string_view mode) {
  LanDnsSd dns_sd([](sdk::Log::Level level, std::string_view text) {
    say({MdnsReport::What::kLog, 0, {}, {}, {}, std::string(text), level});
  });
  const MdnsMode how = mode == "daemon" ? MdnsMode::kDaemon : mode == "embedded" ? MdnsMode::kEmbedded : MdnsMode::kAuto;
  if (const sdk::Outcome started = dns_sd.start(how); !started.ok()) {
    say({MdnsReport::What::kLog, 0, {}, {}, {}, started.message, sdk::Log::Level::kError});
    return 1;
  }
  Orders orders(dns_sd);
  Lines lines;
  char bytes[4096];
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    const bool fine = lines.feed({bytes, static_cast<size_t>(got)}, [&](std::string_view line) {
      if (const auto order = decodeOrder(line)) orders.follow(*order);
    });
    if (!fine) break;
  }
  dns_sd.stop();
  return 0;
}

}  // namespace
}  // namespace hearthgate::lan

int main(int argc, char** argv) { return hearthgate::lan::run(argc == 2 ? argv[1] : ""); }
