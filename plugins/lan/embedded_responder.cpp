// avahi-core inside this process: needs neither D-Bus nor a daemon, and lives beside other responders on the machine.
#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>
#include <avahi-core/publish.h>

#include "avahi_responder.h"

namespace hearthgate::lan {
namespace {

struct Core {
  using Server = AvahiServer;
  using Browser = AvahiSServiceBrowser;
  using Resolver = AvahiSServiceResolver;
  using Group = AvahiSEntryGroup;
  static constexpr auto freeServer = avahi_server_free;
  static constexpr auto newBrowser = avahi_s_service_browser_new;
  static constexpr auto freeBrowser = avahi_s_service_browser_free;
  static constexpr auto newResolver = avahi_s_service_resolver_new;
  static constexpr auto freeResolver = avahi_s_service_resolver_free;
  static constexpr auto freeGroup = avahi_s_entry_group_free;
  static constexpr auto add = avahi_server_add;
  static constexpr auto updateTxt = avahi_server_update_service_txt_strlst;
  static constexpr auto commit = avahi_s_entry_group_commit;

  using Told = void (*)(AvahiEntryGroupState, void*);
  static Group* newGroup(Server* server, Told told, void* self) {
    told_ = told;
    return avahi_s_entry_group_new(
        server, [](Server*, Group*, AvahiEntryGroupState state, void* data) { told_(state, data); }, self);
  }
  static inline Told told_ = nullptr;  // the same for all
};

class EmbeddedResponder final : public AvahiResponder<Core> {
 public:
  explicit EmbeddedResponder(std::function<void(const std::string&)> failed) : failed_(std::move(failed)) {}

  std::string start(const AvahiPoll* poll) {
    AvahiServerConfig config;
    avahi_server_config_init(&config);
    // Only what is asked for: no host record, no machine's description, and room for other responders.
    config.publish_addresses = 0;
    config.publish_hinfo = 0;
    config.publish_workstation = 0;
    config.publish_domain = 0;
    config.disallow_other_stacks = 0;
    config.enable_wide_area = 0;
    config.use_ipv4 = 1;
    config.use_ipv6 = 1;
    int error = 0;
    server_ = avahi_server_new(poll, &config, &EmbeddedResponder::onState, this, &error);
    avahi_server_config_free(&config);
    return server_ != nullptr ? "" : avahi_strerror(error);
  }

 private:
  static void onState(AvahiServer* server, AvahiServerState state, void* self) {
    if (state == AVAHI_SERVER_FAILURE)
      static_cast<EmbeddedResponder*>(self)->failed_(avahi_strerror(avahi_server_errno(server)));
  }

  const std::function<void(const std::string&)> failed_;
};

}  // namespace

MadeResponder embeddedResponder(const AvahiPoll* poll, std::function<void(const std::string&)> failed,
                                std::function<void(const char*)> log) {
  // Avahi has one for the process, without a place for data; it is called on the loop's thread.
  static std::function<void(const char*)> logs;
  logs = std::move(log);
  avahi_set_log_function([](AvahiLogLevel, const char* text) { logs(text); });
  auto responder = std::make_unique<EmbeddedResponder>(std::move(failed));
  std::string problem = responder->start(poll);
  if (!problem.empty()) return {nullptr, std::move(problem)};
  return {std::move(responder), ""};
}

}  // namespace hearthgate::lan
