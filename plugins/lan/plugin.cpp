// The LAN plugin: WebSocket links. The only file with the export.
#include "hearthgate/plugin.h"

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "lan_transport.h"

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
      } else {
        return wrong("plugins.lan." + std::string(key) + ": unknown key (known: ping_interval_s)");
      }
    }
    return sdk::Outcome::success();
  }

  sdk::Outcome start() override {
    if (log_ == nullptr || filter_ == nullptr) {
      return sdk::Outcome::failure("capability_missing", "lan needs log/1 and request_filter/1 from the gateway");
    }
    transport_ = std::make_unique<LanTransport>(
        settings_, *filter_, [log = log_](sdk::Log::Level level, std::string_view text) { log->write(level, text); });
    return sdk::Outcome::success();
  }

  void stop() override {
    if (transport_) transport_->stop();
  }

  void* provide(std::string_view id, uint32_t revision) override {
    const bool asked = id == sdk::Transport::kId && revision == sdk::Transport::kRevision;
    return asked ? static_cast<sdk::Transport*>(transport_.get()) : nullptr;
  }

 private:
  static sdk::Outcome wrong(std::string message) {
    return sdk::Outcome::failure("bad_configuration", std::move(message));
  }

  sdk::Log* const log_;
  sdk::RequestFilter* const filter_;
  LanSettings settings_;
  std::unique_ptr<LanTransport> transport_;
};

}  // namespace
}  // namespace hearthgate::lan

HEARTHGATE_PLUGIN(hearthgate::lan::LanPlugin, "lan", "0.1.0", hearthgate::sdk::kTransport, "log/1 request_filter/1",
                  "");
