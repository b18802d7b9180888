// The LAN plugin: WebSocket links, and DNS-SD. The only file with the export.
#include "hearthgate/plugin.h"

#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>

#include "lan_transport.h"
#include "mdns_process.h"

namespace hearthgate::lan {
namespace {

constexpr int64_t kMinPingIntervalS = 1;
constexpr int64_t kMaxPingIntervalS = 300;

class LanPlugin final : public sdk::Plugin {
 public:
  explicit LanPlugin(sdk::Host& host)
      : log_(sdk::capability<sdk::Log>(host)), filter_(sdk::capability<sdk::RequestFilter>(host)) {}

  sdk::Outcome configure(std::string_view section_json) override {
    boost::system::error_code error;
    const auto parsed = boost::json::parse(boost::json::string_view(section_json.data(), section_json.size()), error);
    if (error || !parsed.is_object()) return wrong("plugins.lan: expected a section of keys");
    for (const auto& [key, value] : parsed.as_object()) {
      if (key == "ping_interval_s") {
        const int64_t* seconds = value.if_int64();
        if (seconds == nullptr || *seconds < kMinPingIntervalS || *seconds > kMaxPingIntervalS) {
          return wrong("plugins.lan.ping_interval_s: expected a whole number from 1 to 300");
        }
        settings_.ping_interval = std::chrono::seconds(*seconds);
      } else if (key == "mdns") {
        const auto* mode = value.if_string();
        if (mode == nullptr || !setMdns(*mode)) return wrong("plugins.lan.mdns: expected auto, daemon, embedded or off");
      } else {
        return wrong("plugins.lan." + std::string(key) + ": unknown key (known: mdns, ping_interval_s)");
      }
    }
    return sdk::Outcome::success();
  }

  sdk::Outcome start() override {
    if (log_ == nullptr || filter_ == nullptr) {
      return sdk::Outcome::failure("capability_missing", "lan needs log/1 and request_filter/1 from the gateway");
    }
    const auto logger = [log = log_](sdk::Log::Level level, std::string_view text) { log->write(level, text); };
    transport_ = std::make_unique<LanTransport>(settings_, *filter_, logger);
    if (!mdns_) return sdk::Outcome::success();
    // Links by address work without it, so nothing of it fails the start.
    std::string problem;
    const std::string program = mdnsProgram(&problem);
    if (program.empty()) {
      log_->write(sdk::Log::Level::kError, "homes nearby are not found: " + problem);
      return sdk::Outcome::success();
    }
    dns_sd_ = std::make_unique<MdnsProcess>(program, *mdns_, logger);
    const sdk::Outcome started = dns_sd_->start();
    if (!started.ok()) log_->write(sdk::Log::Level::kError, started.message);
    return sdk::Outcome::success();
  }

  void stop() override {
    if (dns_sd_) dns_sd_->stop();
    if (transport_) transport_->stop();
  }

  void* provide(std::string_view id, uint32_t revision) override {
    if (id == sdk::Transport::kId && revision == sdk::Transport::kRevision) return static_cast<sdk::Transport*>(transport_.get());
    if (id == sdk::DnsSd::kId && revision == sdk::DnsSd::kRevision) return static_cast<sdk::DnsSd*>(dns_sd_.get());
    return nullptr;
  }

 private:
  bool setMdns(std::string_view mode) {
    mdns_.reset();
    if (mode != "off") mdns_ = std::string(mode);
    return mode == "auto" || mode == "daemon" || mode == "embedded" || mode == "off";
  }

  static sdk::Outcome wrong(std::string message) {
    return sdk::Outcome::failure("bad_configuration", std::move(message));
  }

  sdk::Log* const log_;
  sdk::RequestFilter* const filter_;
  LanSettings settings_;
  std::optional<std::string> mdns_ = "auto";  // nothing: off
  std::unique_ptr<LanTransport> transport_;
  std::unique_ptr<MdnsProcess> dns_sd_;
};

}  // namespace
}  // namespace hearthgate::lan

HEARTHGATE_PLUGIN(hearthgate::lan::LanPlugin, "lan", "0.1.0", hearthgate::sdk::kTransport | hearthgate::sdk::kDiscovery,
                  "log/1 request_filter/1", "");
