// The machine's avahi-daemon, over D-Bus: two responders on one machine would both have to hear everything.
//
// libavahi-client is opened at run time. It and libavahi-core each export a function of the name avahi_entry_group_free, so
// linked together one would call the other's; and a machine without the daemon then needs neither this nor D-Bus.
#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <dlfcn.h>

#include "avahi_responder.h"

namespace hearthgate::lan {
namespace {

constexpr const char* kLibrary = "libavahi-client.so.3";

// Its functions, by their names there.
struct Library {
  decltype(&avahi_client_new) client_new;
  decltype(&avahi_client_free) client_free;
  decltype(&avahi_client_errno) client_errno;
  decltype(&avahi_service_browser_new) service_browser_new;
  decltype(&avahi_service_browser_free) service_browser_free;
  decltype(&avahi_service_resolver_new) service_resolver_new;
  decltype(&avahi_service_resolver_free) service_resolver_free;
  decltype(&avahi_entry_group_new) entry_group_new;
  decltype(&avahi_entry_group_free) entry_group_free;
  decltype(&avahi_entry_group_commit) entry_group_commit;
  decltype(&avahi_entry_group_add_record) entry_group_add_record;
  decltype(&avahi_entry_group_update_service_txt_strlst) entry_group_update_service_txt_strlst;
};
Library library;  // NOLINT: set once, before its first use, on the loop's thread

// Empty, or what is missing. It stays open as long as the process.
std::string openLibrary() {
  void* const handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return ::dlerror();
  std::string missing;
  const auto find = [&](auto* function, const char* name) {
    *function = reinterpret_cast<std::remove_pointer_t<decltype(function)>>(::dlsym(handle, name));
    if (*function == nullptr) missing = std::string(kLibrary) + " has no " + name;
  };
  find(&library.client_free, "avahi_client_free");
  find(&library.client_errno, "avahi_client_errno");
  find(&library.service_browser_new, "avahi_service_browser_new");
  find(&library.service_browser_free, "avahi_service_browser_free");
  find(&library.service_resolver_new, "avahi_service_resolver_new");
  find(&library.service_resolver_free, "avahi_service_resolver_free");
  find(&library.entry_group_new, "avahi_entry_group_new");
  find(&library.entry_group_free, "avahi_entry_group_free");
  find(&library.entry_group_commit, "avahi_entry_group_commit");
  find(&library.entry_group_add_record, "avahi_entry_group_add_record");
  find(&library.entry_group_update_service_txt_strlst, "avahi_entry_group_update_service_txt_strlst");
  if (missing.empty()) find(&library.client_new, "avahi_client_new");  // the last: with it, all are there
  return missing;
}

struct Client {
  using Server = AvahiClient;
  using Browser = AvahiServiceBrowser;
  using Resolver = AvahiServiceResolver;
  using Group = AvahiEntryGroup;

  static void freeServer(Server* client) { library.client_free(client); }
  template <typename... Arguments>
  static Browser* newBrowser(Arguments... arguments) {
    return library.service_browser_new(arguments...);
  }
  static void freeBrowser(Browser* browser) { library.service_browser_free(browser); }
  template <typename... Arguments>
  static Resolver* newResolver(Arguments... arguments) {
    return library.service_resolver_new(arguments...);
  }
  static void freeResolver(Resolver* resolver) { library.service_resolver_free(resolver); }
  static void freeGroup(Group* group) { library.entry_group_free(group); }
  static int commit(Group* group) { return library.entry_group_commit(group); }

  static int add(Server*, Group* group, AvahiIfIndex interface, AvahiProtocol protocol, AvahiPublishFlags flags, AvahiRecord* record) {
    uint8_t data[2 * sdk::kMaxTxtBytes];  // the texts are the longest that there is
    const size_t size = avahi_rdata_serialize(record, data, sizeof data);
    if (size == static_cast<size_t>(-1)) return AVAHI_ERR_INVALID_RECORD;
    return library.entry_group_add_record(group, interface, protocol, flags, record->key->name, record->key->clazz,
                                          record->key->type, record->ttl, data, size);
  }
  template <typename... Arguments>
  static int updateTxt(Server*, Arguments... arguments) {
    return library.entry_group_update_service_txt_strlst(arguments...);
  }

  using Told = void (*)(AvahiEntryGroupState, void*);
  static Group* newGroup(Server* client, Told told, void* self) {
    told_ = told;
    return library.entry_group_new(
        client, [](Group*, AvahiEntryGroupState state, void* data) { told_(state, data); }, self);
  }
  static inline Told told_ = nullptr;  // the same for all
};

class DaemonResponder final : public AvahiResponder<Client> {
 public:
  explicit DaemonResponder(std::function<void(const std::string&)> failed) : failed_(std::move(failed)) {}

  std::string start(const AvahiPoll* poll) {
    if (!daemonLibraryProblem().empty()) return daemonLibraryProblem();
    int error = 0;
    server_ = library.client_new(poll, static_cast<AvahiClientFlags>(0), &DaemonResponder::onState, this, &error);
    return server_ != nullptr ? "" : avahi_strerror(error);
  }

 private:
  static void onState(AvahiClient* client, AvahiClientState state, void* self) {
    // The daemon went; what comes after it is another connection.
    if (state == AVAHI_CLIENT_FAILURE) static_cast<DaemonResponder*>(self)->failed_(avahi_strerror(library.client_errno(client)));
  }

  const std::function<void(const std::string&)> failed_;
};

}  // namespace

const std::string& daemonLibraryProblem() {
  static const std::string problem = openLibrary();
  return problem;
}

MadeResponder daemonResponder(const AvahiPoll* poll, std::function<void(const std::string&)> failed) {
  auto responder = std::make_unique<DaemonResponder>(std::move(failed));
  std::string problem = responder->start(poll);
  if (!problem.empty()) return {nullptr, std::move(problem)};
  return {std::move(responder), ""};
}

}  // namespace hearthgate::lan
