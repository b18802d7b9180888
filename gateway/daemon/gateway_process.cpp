#include "daemon/gateway_process.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "api/server.h"
#include "base/log.h"
#include "daemon/adapters.h"
#include "daemon/addresses.h"
#include "daemon/announcer.h"
#include "daemon/data_directory.h"
#include "daemon/entity_access.h"
#include "daemon/seen_services.h"
#include "daemon/start_error.h"
#include "plugin_host/crash_watch.h"
#include "plugin_host/request_filter.h"
#include "sync/link_hub.h"
#include "trust/pairing_uri.h"

namespace hearthgate::daemon {
namespace {

constexpr const char* kDatabase = "hearthgate.db";
// Row of `meta`: the folder was put back, and its admin token is to be replaced.
constexpr const char* kTokenDue = "token_due";
// Reading every page of more than this would hold a start up for seconds on a Raspberry Pi.
constexpr uintmax_t kCheckedAtStartBytes = 64 << 20;
constexpr const char* kInstalledPlugins = "/usr/lib/hearthgate/plugins";

std::string programFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

std::vector<std::string> pluginFolders(const config::Config& config) {
  if (!config.plugins_path.empty()) return {config.plugins_path};
  // Beside a build's `bin`, else where `cmake --install` puts them below the same prefix, else where packages do.
  const std::string prefix = std::filesystem::path(programFolder()).parent_path().string();
  for (const char* beside : {"/plugins", "/lib/hearthgate/plugins"}) {
    std::error_code unreadable;
    if (std::filesystem::is_directory(prefix + beside, unreadable)) return {prefix + beside};
  }
  return {kInstalledPlugins};
}

std::string bootId() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  in >> id;
  return id;
}

// When this file came to be, as its file system tells it: a copy that was put back came later. Empty where it does not tell.
std::string birthOf(const std::string& path) {
  struct statx found {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_BTIME, &found) != 0 || (found.stx_mask & STATX_BTIME) == 0) return "";
  return std::to_string(found.stx_btime.tv_sec) + '.' + std::to_string(found.stx_btime.tv_nsec);
}

std::string hostName() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "home";
  return name;
}

std::string homeName(const config::Config& config) { return config.name.empty() ? hostName() : config.name; }

// A damaged page would else be met some day in the middle of work, and --recover would find nothing to set aside.
Result<std::unique_ptr<store::Store>> openChecked(const std::string& path, store::Durability durability, bool recover) {
  HG_TRY(auto opened, store::Store::open(path, durability));
  std::error_code error;
  uintmax_t size = std::filesystem::file_size(path, error);
  if (recover || error || size <= kCheckedAtStartBytes) HG_CHECK(opened->check());
  return opened;
}

}  // namespace

std::optional<config::Loaded> loadConfiguration(const Options& options) {
  config::Loaded first = config::loadFile(options.config, config::processEnvironment(), std::nullopt);
  std::optional<std::vector<std::string>> names;
  if (first.ok()) {
    auto found = plugin_host::findPlugins(pluginFolders(first.config));
    if (found.ok()) {
      names.emplace();
      for (const auto& plugin : *found) names->push_back(plugin.name);
    }
  }
  config::Loaded loaded = config::loadFile(options.config, config::processEnvironment(), names);
  for (const config::Problem& problem : loaded.problems) std::fprintf(stderr, "%s\n", problem.text().c_str());
  if (!loaded.ok()) return std::nullopt;
  return loaded;
}

struct GatewayProcess::Parts {
  explicit Parts(const std::string& data) : directory(data) {}
  DataDirectory directory;
  Clock* clock = nullptr;
  std::unique_ptr<store::Store> store;
  std::optional<trust::Identity> identity;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<sync::LinkHub> hub;
  std::unique_ptr<api::ReaderPool> readers;
  std::unique_ptr<StoredPluginState> plugin_state;
  std::unique_ptr<EngineEntities> entities;
  std::unique_ptr<plugin_host::HostFilter> filter;
  std::unique_ptr<SeenServices> seen_services;
  std::unique_ptr<plugin_host::Discovery> discovery;
  std::unique_ptr<Announcer> announcer;
  std::unique_ptr<OwnVoice> voice;
  std::unique_ptr<plugin_host::PluginHost> plugins;
  std::unique_ptr<HomesOverLinks> homes;
  std::unique_ptr<PluginsOverHost> plugin_items;
  std::unique_ptr<api::Server> server;
  std::string sync_address;
  bool running = false;
};

GatewayProcess::GatewayProcess(Options options, config::Loaded configuration, PassphraseSources passphrase)
    : options_(std::move(options)), configuration_(std::move(configuration)), passphrase_(std::move(passphrase)) {}

GatewayProcess::~GatewayProcess() { stop(); }

Status GatewayProcess::start() {
  const config::Config& config = configuration_.config;
  setLogLevel(config.log_level);
  parts_ = std::make_unique<Parts>(options_.data);
  parts_->clock = &systemClock(config.clock_trust);
  {
    auto passphrase = passphrase_.take(config, options_.data);
    if (!passphrase.ok()) return startError("passphrase", passphrase.error());
    HG_CHECK(parts_->directory.open());
    HG_CHECK(openHome(*passphrase));
  }
  HG_CHECK(startEngine());
  parts_->running = true;
  HG_CHECK(startPlugins());
  return startApi();
}

Status GatewayProcess::openHome(const Passphrase& passphrase) {
  DataDirectory& directory = parts_->directory;
  trust::IdentityFiles files(directory.path(), configuration_.config.sharing.sync.encryption.key_path);
  bool has_identity = std::filesystem::exists(files.keyPath());
  had_identity_ = has_identity;
  bool has_database = directory.has(kDatabase);
  if (has_identity && !has_database && !options_.recover) {
    return systemError("database_missing", "database " + directory.file(kDatabase) +
                                               ": missing, although this folder has an identity (restore a backup, or "
                                               "start once with --recover to begin an empty one and pair again)");
  }
  HG_CHECK(openDatabase(has_identity));
  std::string of_home = parts_->store->meta("home");
  HG_CHECK(parts_->store->takeError());
  if (!has_identity && !of_home.empty()) {
    return systemError("identity_missing", "identity " + files.keyPath() +
                                               ": missing, although the database belongs to a home (restore a backup)");
  }
  auto identity = openIdentity(files, has_identity, passphrase);
  if (!identity.ok()) return identityError(passphrase, identity.error());
  parts_->identity.emplace(std::move(*identity));
  std::string id = parts_->identity->home().text();
  if (!of_home.empty() && of_home != id) {
    return systemError("identity_differs", "identity " + files.keyPath() +
                                               ": is of another home than the database (restore both from one backup)");
  }
  return {};
}

Result<trust::Identity> GatewayProcess::openIdentity(const trust::IdentityFiles& files, bool has_identity,
                                                     const Passphrase& passphrase) {
  if (has_identity) return trust::Identity::load(files, passphrase.text());
  trust::IdentityFiles fresh = files;
  if (passphrase.given()) {
    HG_TRY(fresh.seal, trust::Seal::make(passphrase.text()));
  }
  auto recovery = configuration_.config.identity_recovery ? trust::Recovery::kKeepSeed : trust::Recovery::kNone;
  return trust::Identity::create(fresh, systemRandom(), recovery);
}

Status GatewayProcess::openDatabase(bool has_identity) {
  DataDirectory& directory = parts_->directory;
  std::string path = directory.file(kDatabase);
  auto durability = configuration_.config.storage.durability == config::Config::Durability::kFull
                        ? store::Durability::kFull
                        : store::Durability::kNormal;
  auto opened = openChecked(path, durability, options_.recover);
  bool foreign = !opened.ok() && opened.error().code == "database_foreign";
  bool corrupt = !opened.ok() && (opened.error().code == "database_corrupt" || foreign);
  if (foreign && !options_.recover && has_identity) {
    // A damaged first page looks like another program's file; beside an identity it was most likely ours.
    return systemError("database_foreign", "database " + path + ": is no Hearthgate database, or damaged at its beginning " +
                                               "(choose another data folder, restore a backup, or start once with " +
                                               "--recover to set the file aside and keep this home's id)");
  }
  if (corrupt && options_.recover) {
    std::string aside = path + ".set-aside-" + std::to_string(parts_->clock->wallMs());
    for (const char* suffix : {"", "-wal", "-shm"}) {
      if (!std::filesystem::exists(path + suffix)) continue;
      std::error_code error;
      std::filesystem::rename(path + suffix, aside + suffix, error);
      if (error) return systemError("data_not_writable", "database " + path + ": cannot be set aside: " + error.message());
    }
    logWarning("daemon", "the corrupt database was set aside as " + aside + "; other homes must be paired again");
    opened = store::Store::open(path, durability);
  }
  if (!opened.ok()) return startError("database " + path, opened.error());
  parts_->store = std::move(*opened);
  return {};
}

Status GatewayProcess::startEngine() {
  const config::Config& config = configuration_.config;
  engine::CoreSettings settings;
  settings.home = parts_->identity->home();
  settings.max_clock_drift_ms = config.sharing.sync.max_clock_drift_s * 1000;
  settings.peer_entities = static_cast<uint64_t>(config.sharing.sync.peer_entities);
  settings.peer_bytes = static_cast<uint64_t>(config.sharing.sync.peer_bytes);
  settings.retention.versions = static_cast<size_t>(config.storage.retention.versions);
  settings.retention.days = config.storage.retention.days;
  settings.default_strategy = config.sharing.conflict_resolution.strategy;
  settings.ownerTag = [identity = &*parts_->identity](const ContentHash& hash) { return identity->ownerTag(hash); };

  settings.name = homeName(config);
  settings.signer = engine::signerOf(*parts_->identity);

  std::string boot = bootId();
  std::string birth = birthOf(parts_->directory.file(kDatabase));
  store::Store& store = *parts_->store;
  bool clean = store.meta("clean_stop") == "1";
  bool same_boot = store.meta("boot_id") == boot;
  std::string known_birth = store.meta("file_birth");
  bool copied = !known_birth.empty() && !birth.empty() && known_birth != birth;
  bool fresh = store.meta("home").empty();
  std::string incarnation = store.meta("incarnation");
  std::vector<store::Peer> known = store.peers();
  bool has_homes = std::any_of(known.begin(), known.end(), [](const store::Peer& peer) { return peer.state != store::PeerState::kForgotten; });
  HG_CHECK(store.takeError());

  sync::LinkHubSettings links;
  links.name = homeName(config);
  links.incarnation = incarnation.empty() ? 1 : std::stoll(incarnation);
  // TRUST.md T12: above whatever another life of this home told, also when it has lost its database.
  if (copied || (fresh && had_identity_)) links.incarnation = std::max(links.incarnation + 1, parts_->clock->wallMs());
  const std::string new_incarnation = std::to_string(links.incarnation);
  links.full_sync_interval_ms = config.sharing.sync.full_sync_interval_s * 1000;
  links.max_clock_drift_ms = settings.max_clock_drift_ms;
  links.bandwidth_limit = static_cast<uint64_t>(config.sharing.sync.bandwidth_limit);
  links.uncompressed_kinds = config.sharing.sync.uncompressed_kinds;
  links.unauthenticated.links = static_cast<int>(config.sharing.sync.unauthenticated_links);
  links.unauthenticated.links_per_source = static_cast<int>(config.sharing.sync.unauthenticated_links_per_source);
  links.unauthenticated.per_second = static_cast<int>(config.sharing.sync.handshakes_per_second);

  parts_->engine =
      std::make_unique<engine::Engine>(std::move(parts_->store), *parts_->clock, systemRandom(), std::move(settings),
                                       config.storage.commit_interval_ms);
  parts_->hub = std::make_unique<sync::LinkHub>(*parts_->engine, *parts_->identity, *parts_->clock, systemRandom(),
                                                std::move(links));
  parts_->hub->attach();
  parts_->readers = std::make_unique<api::ReaderPool>(parts_->directory.file(kDatabase));
  parts_->entities = std::make_unique<EngineEntities>(*parts_->engine, *parts_->readers, parts_->identity->home(),
                                                      config.sharing.conflict_resolution.strategy);
  parts_->entities->attach();
  Status started = parts_->engine->start([&](engine::Core& core) {
    // Rule 8: no clean stop and another boot means that the last commits may be gone; a copy that was put back, that what
    // was written since it was made is.
    if (copied && has_homes) {
      core.restored();
      for (store::Peer& peer : core.store().peers()) {
        // A pairing that was under way then is over.
        if (peer.state != store::PeerState::kUnacknowledged) continue;
        peer.state = peer.former ? store::PeerState::kPaired : store::PeerState::kForgotten;
        if (peer.former) static_cast<store::Pin&>(peer) = *std::exchange(peer.former, {});
        if (peer.state == store::PeerState::kForgotten) core.dismiss(peer.home);
        core.store().putPeer(peer);
      }
    } else {
      core.started(!fresh && (copied || (!clean && !same_boot)));
    }
    core.store().setMeta("incarnation", new_incarnation);
    if (copied) core.store().setMeta(kTokenDue, "1");
    if (copied) core.audit("system", "home.copied", "", "the database is another file than at the last start");
    core.store().setMeta("file_birth", birth);
    core.store().setMeta("home", core.settings().home.text());
    core.store().setMeta("clean_stop", "0");
    core.store().setMeta("boot_id", boot);
  });
  if (!started.ok()) return startError("database " + parts_->directory.file(kDatabase), started.error());
  if (copied) {
    logWarning("daemon", "the database was copied or moved since the last start: what it lost comes back from homes that have it, "
                         "and this home writes on under new replica ids" +
                         std::string(has_homes ? "; nothing is sent before a person has looked at the homes and grants that it brings "
                                                 "back (`hearthgate home confirm`)"
                                               : ""));
  }
  // SQLite syncs the folder too when it makes the log, but does not say when that fails; a power cut would take the whole log.
  HG_CHECK(parts_->directory.sync());
  return parts_->hub->start();
}

Status GatewayProcess::startPlugins() {
  const config::Config& config = configuration_.config;
  Parts& parts = *parts_;
  parts.filter = std::make_unique<plugin_host::HostFilter>(std::vector<std::string>{hostName() + ".local"});
  parts.plugin_state = std::make_unique<StoredPluginState>(*parts.engine, *parts.readers);
  parts.seen_services = std::make_unique<SeenServices>(*parts.engine, *parts.plugin_state, *parts.clock);
  parts.discovery = std::make_unique<plugin_host::Discovery>(
      *parts.clock, [&parts](const plugin_host::Sighting& sighting) { parts.seen_services->changed(sighting); });
  HG_CHECK(parts.seen_services->restore(*parts.discovery));
  bool sync_on = config.sharing.enabled && config.sharing.sync.enabled;
  plugin_host::PluginHostOptions options;
  options.directories = pluginFolders(config);
  options.data_directory = parts.directory.path();
  options.sections = config.plugins;
  if (sync_on) options.enabled_by_default = {"lan"};
  options.services = {parts.plugin_state.get(), parts.entities.get(), parts.filter.get(), parts.discovery.get()};
  // What the first start comes to. The plugins' thread writes it and this thread reads it once, below, before there is an
  // API through which somebody could ask for another start.
  struct SyncListener {
    std::string address = "-";
    uint16_t port = 0;  // a free one that was taken is kept over reloads: other homes know it
    Status status;
  };
  auto listener = std::make_shared<SyncListener>();
  if (sync_on && config.sharing.discovery.enabled) {
    parts.announcer = std::make_unique<Announcer>(*parts.discovery, *parts.hub, parts.identity->home(), homeName(config),
                                                  config.sharing.discovery.name);
    parts.hub->onPairingChanged([&parts] { parts.announcer->refresh(); });
    parts.discovery->browse(sync::kHomeService, [&parts](sdk::ServiceChange change, const sdk::ServiceInstance& instance) {
      parts.hub->nearby(change, instance);
    });
  }
  // Other plugins look for their devices while links are off; `enabled: false` silences all of it (CONTRACT.md).
  if (config.sharing.discovery.enabled) {
    options.discovery_started = [&parts](const std::string&, std::shared_ptr<sdk::DnsSd> dns_sd) {
      parts.hub->looksNearby();
      parts.discovery->use(std::move(dns_sd));
    };
    options.discovery_stopping = [&parts](const std::string&, std::shared_ptr<sdk::DnsSd> dns_sd) {
      parts.discovery->drop(dns_sd);
    };
  }
  options.transport_started = [&parts, &config, sync_on, listener](const std::string& name,
                                                                   std::shared_ptr<sdk::Transport> transport) -> Status {
    if (!sync_on) return {};
    const auto& sync = config.sharing.sync;
    sdk::Listening listening;
    if (sync.port == 0 && listener->port != 0) {
      listening = transport->listen(sync.listen, listener->port, parts.hub->acceptor(name));
    }
    if (listening.port == 0) listening = transport->listen(sync.listen, sync.port, parts.hub->acceptor(name));
    if (!listening.outcome.ok()) {
      listener->status = pluginError(listening.outcome.code, "sync listener " + trust::addressWithPort(sync.listen, sync.port) +
                                                                 ": " + listening.outcome.message +
                                                                 " (change sharing.sync.listen or sharing.sync.port)");
      return listener->status;
    }
    listener->port = listening.port;
    listener->address = trust::addressWithPort(sync.listen, listening.port);
    parts.hub->advertise([sync, port = listening.port] {
      return sync.advertise ? *sync.advertise : reachableAddresses(sync.listen, port);
    });
    parts.hub->useTransport(name, std::move(transport));
    if (parts.announcer) parts.announcer->listensAt(sync.listen, listening.port);
    return {};
  };
  options.transport_stopping = [&parts](const std::string& name) { parts.hub->dropTransport(name); };
  options.changed = [&parts](const plugin_host::PluginInfo& info) {
    std::string body = "{\"name\":\"" + info.name + "\",\"state\":\"" + plugin_host::name(info.status) + "\"}";
    parts.engine->submit([body](engine::Core& core) { core.event("plugin", body); }, {});
  };
  plugin_host::watchForCrashes();
  parts.plugins = std::make_unique<plugin_host::PluginHost>(std::move(options));
  Status started = parts.plugins->startAll();
  if (!started.ok()) return startError("plugins", started.error());
  HG_CHECK(listener->status);
  parts.sync_address = listener->address;
  if (sync_on && parts.sync_address == "-") {
    std::string folders;
    for (const std::string& folder : pluginFolders(config)) folders += (folders.empty() ? "" : ", ") + folder;
    logWarning("daemon", "no plugin of " + folders +
                             " carries links, so this home connects to no other; `hearthgate status` says why");
  }
  return {};
}

Status GatewayProcess::startApi() {
  Parts& parts = *parts_;
  parts.voice = std::make_unique<OwnVoice>(configuration_.config, *parts.discovery, parts.announcer.get(), systemRandom());
  parts.homes = std::make_unique<HomesOverLinks>(*parts.hub, *parts.discovery, *parts.voice);
  parts.plugin_items = std::make_unique<PluginsOverHost>(*parts.plugins);
  api::ServerSettings settings;
  const config::Config& config = configuration_.config;
  settings.listen = config.admin.listen;
  settings.port = config.admin.port;
  settings.home_name = homeName(config);
  settings.version = HEARTHGATE_VERSION;
  settings.database_path = parts.directory.file(kDatabase);
  settings.token_path = parts.directory.file("admin.token");
  // One that was replaced since a copy was made must not be right again (T12).
  bool token_due = false;
  HG_CHECK(parts.engine->run([&](engine::Core& core) { token_due = core.store().meta(kTokenDue) == "1"; }));
  if (token_due) {
    auto token = trust::AdminToken::rotate(settings.token_path, systemRandom());
    if (!token.ok()) return startError("admin token", token.error());
    HG_CHECK(parts.engine->run([](engine::Core& core) { core.store().setMeta(kTokenDue, "0"); }));
  }
  auto server = api::Server::start(std::move(settings), {*parts.engine, *parts.clock, systemRandom(), *parts.identity,
                                                         *parts.filter, *parts.homes, *parts.plugin_items, configuration_});
  if (!server.ok()) {
    bool listener = server.error().domain == Domain::kNetwork;
    return startError(listener ? "admin listener " + trust::addressWithPort(config.admin.listen, config.admin.port) : "admin token",
                      server.error());
  }
  parts.server = std::move(*server);
  return parts.directory.write("admin.url", "http://" + trust::addressWithPort(config.admin.listen, parts.server->port()) + "\n");
}

std::string GatewayProcess::readyLine() const {
  return "ready admin=http://" + trust::addressWithPort(configuration_.config.admin.listen, parts_->server->port()) +
         " sync=" + parts_->sync_address + " home=" + parts_->identity->home().text();
}

void GatewayProcess::stop() {
  if (!parts_ || !parts_->running) return;
  Parts& parts = *parts_;
  parts.running = false;
  // Links first, because requests may wait for them; then requests, plugins, and last the database with the mark of a
  // clean stop.
  parts.hub->stop();
  parts.server.reset();
  if (parts.plugins) {
    parts.plugins->stopAll();
    hanging_ = parts.plugins->hanging();
  }
  if (parts.seen_services) parts.seen_services->save();
  parts.entities->stop();
  Status marked = parts.engine->run([](engine::Core& core) { core.store().setMeta("clean_stop", "1"); });
  if (!marked.ok()) logWarning("daemon", "the mark of a clean stop was not written: " + marked.error().message);
  parts.engine->stop();
}

}  // namespace hearthgate::daemon
