#include "unit/api/served_home.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace hearthgate::api {

Status ScriptedHomes::note(const std::string& what, const HomeId& home) {
  notes.push_back(what + " " + home.text());
  return {};
}

Status ScriptedHomes::edit(const HomeId& home, const std::optional<std::vector<std::string>>& addresses,
                           const std::optional<std::string>& name) {
  for (const std::string& address : addresses.value_or(std::vector<std::string>{})) {
    if (address.find(':') == std::string::npos) return inputError("bad_address", address + " is no ADDRESS:PORT.");
    notes.push_back("address " + address);
  }
  if (name) notes.push_back("name " + *name);
  return note("edit", home);
}

Result<SyncAnswer> ScriptedHomes::sync(const HomeId&) {
  if (while_syncing) while_syncing();
  return sync_answer;
}

Result<PairingCode> ScriptedHomes::openPairing(int64_t ttl_s, bool auto_confirm) {
  notes.push_back("open " + std::to_string(ttl_s) + (auto_confirm ? " auto" : " ask"));
  pairing_state.state = "open";
  pairing_state.expires_at_ms = 1'800'000'000'000;
  return PairingCode{"HEARTH-0000-0000-0000-0000", "hearthgate://pair?a=192.0.2.7:8765#HEARTH-0000-0000-0000-0000",
                     1'800'000'000'000};
}

Status ScriptedHomes::confirmPairing() {
  if (pairing_state.state != "confirming") return stateError("pairing_not_open", "There is nothing to confirm.");
  pairing_state.state = "done";
  return {};
}

Result<PairingState> ScriptedHomes::join(const std::string& code_or_uri, const std::optional<std::string>& address,
                                         bool auto_confirm) {
  notes.push_back("join " + code_or_uri + " " + address.value_or("-") + (auto_confirm ? " auto" : " ask"));
  if (join_error) return *join_error;
  return pairing_state;
}

Result<sync::KeyReport> ScriptedHomes::renewKey(const trust::KeyRenewal& renewal) {
  notes.push_back("renew " + renewal.reason + (renewal.seed.empty() ? "" : " with words"));
  ++key_report.epoch;
  key_report.by = renewal.seed.empty() ? trust::VouchedBy::kChain : trust::VouchedBy::kRoot;
  return key_report;
}

Status ScriptedPlugins::set(const std::string& name, const std::string& state) {
  for (PluginItem& item : items) {
    if (item.name != name) continue;
    item.state = state;
    return {};
  }
  return pluginError("plugin_not_found", "There is no plugin " + name + ".");
}

const model::Json& Got::json_at(const std::string& path) const {
  static const model::Json none;
  const model::Json* at = &json;
  size_t start = 0;
  while (start <= path.size() && !path.empty()) {
    size_t end = std::min(path.find('.', start), path.size());
    std::string key = path.substr(start, end - start);
    if (at->type == model::Json::Type::kArray) {
      size_t index = std::stoul(key);
      if (index >= at->items.size()) return none;
      at = &at->items[index];
    } else {
      at = at->find(key);
      if (!at) return none;
    }
    start = end + 1;
  }
  return *at;
}

std::string Got::at(const std::string& path) const {
  const model::Json& found = json_at(path);
  return found.type == model::Json::Type::kArray || found.isObject() ? model::canonicalJson(found) : found.text;
}

namespace {
size_t peakMiB() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) / 1024;
  }
  return 0;
}
}  // namespace

PeakMemory::PeakMemory() {
  // What was freed before would hide what is taken now.
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  before_ = peakMiB();
}

size_t PeakMemory::grownMiB() const {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0;
#else
  return peakMiB() - before_;
#endif
}

void ServedHome::SetUp() {
  std::string name = (std::filesystem::temp_directory_path() / "hearthgate-api-XXXXXX").string();
  folder_ = mkdtemp(name.data());
  auto identity = trust::Identity::create(folder_, systemRandom());
  ASSERT_TRUE(identity.ok());
  identity_ = std::make_unique<trust::Identity>(std::move(*identity));
  configuration_ = config::load({});
  start();
}

void ServedHome::TearDown() {
  stop();
  std::filesystem::remove_all(folder_);
}

void ServedHome::start() {
  auto store = store::Store::open(folder_ + "/home.db", store::Durability::kNormal);
  ASSERT_TRUE(store.ok()) << store.error().message;
  engine::CoreSettings settings;
  settings.home = identity_->home();
  settings.name = "Beach";
  settings.signer = engine::signerOf(*identity_);
  settings.ownerTag = [this](const ContentHash& hash) { return identity_->ownerTag(hash); };
  Clock& clock = systemClock(ClockTrust::kYes);
  engine_ = std::make_unique<engine::Engine>(std::move(*store), clock, systemRandom(), std::move(settings));
  ASSERT_TRUE(engine_->start([](engine::Core& core) { core.started(false); }).ok());
  ServerSettings server;
  server.home_name = "Beach";
  server.version = "test";
  server.database_path = folder_ + "/home.db";
  server.token_path = folder_ + "/admin.token";
  auto started = Server::start(
      std::move(server), {*engine_, clock, systemRandom(), *identity_, filter_, homes_, plugins_, configuration_});
  ASSERT_TRUE(started.ok()) << started.error().message;
  server_ = std::move(*started);
  std::ifstream(folder_ + "/admin.token") >> token_;
  auto client = Client::create(server_->url(), token_);
  ASSERT_TRUE(client.ok());
  client_ = std::make_unique<Client>(std::move(*client));
}

void ServedHome::stop() {
  client_.reset();
  server_.reset();
  if (engine_) engine_->stop();
  engine_.reset();
}

void ServedHome::restart() {
  stop();
  start();
}

Got ServedHome::ask(const std::string& method, const std::string& path, const std::string& body,
                    std::map<std::string, std::string> headers) {
  HttpRequest request;
  request.method = method;
  request.path = path.starts_with("/health") || path.starts_with("/metrics") ? path : "/api/v1" + path;
  request.body = body;
  request.headers = std::move(headers);
  if (!body.empty() && !request.headers.contains("Content-Type")) request.headers["Content-Type"] = "application/json";
  auto response = client_->request(request);
  Got got;
  if (!response.ok()) {
    ADD_FAILURE() << method << " " << path << ": " << response.error().message;
    return got;
  }
  got.status = response->status;
  got.headers = response->headers;
  got.body = response->body;
  auto json = model::parseJson(got.body, 64);
  if (json.ok()) got.json = std::move(*json);
  return got;
}

Got ServedHome::put(const std::string& id, const std::string& fields) {
  return ask("PUT", "/entities/" + id, "{\"fields\":" + fields + "}");
}

Got ServedHome::bulk(const std::string& lines) {
  return ask("POST", "/entities:bulk", lines, {{"Content-Type", "application/x-ndjson"}});
}

std::string ServedHome::raw(const std::string& bytes) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server_->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string out;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    ::shutdown(fd, SHUT_WR);
    char part[4096];
    for (ssize_t got = ::recv(fd, part, sizeof part, 0); got > 0; got = ::recv(fd, part, sizeof part, 0)) {
      out.append(part, static_cast<size_t>(got));
    }
  }
  ::close(fd);
  return out;
}

void ServedHome::onEngine(const std::function<void(engine::Core&)>& work) {
  Status status = engine_->run(work);
  ASSERT_TRUE(status.ok()) << status.error().message;
}

HomeId ServedHome::pair(const std::string& name) {
  store::Peer peer;
  peer.home = systemRandom().id<HomeId>();
  peer.name = name;
  peer.addresses = {{"192.0.2.7:8765", "hand", std::nullopt}};
  onEngine([&](engine::Core& core) {
    core.store().putPeer(peer);
    core.admit(peer.home);
  });
  return peer.home;
}

void ServedHome::receive(const HomeId& owner, const std::string& pattern, model::Access access) {
  onEngine([&](engine::Core& core) {
    const model::Rules* known = core.rulesFrom(model::OwnerId(owner));
    model::Rules rules;
    rules.number = known ? known->number + 1 : 1;
    rules.lists = {{{pattern, access, std::nullopt}}};
    core.receiveRules(model::OwnerId(owner), rules);
  });
}

void ServedHome::receiveVersion(const model::Address& address, const HomeId& author, const std::string& fields,
                                int64_t stamp_ms) {
  model::Version version;
  version.author = author;
  version.dot = {systemRandom().id<ReplicaId>(), 1};
  version.stamp = {true, stamp_ms, 0};
  version.vector.raise(version.dot.replica, 1);
  version.fields = fields;
  version.hash = model::contentHash(address, version);
  onEngine([&](engine::Core& core) {
    core.beginChange(author, "", "sync");
    core.join(address, "state", {version});
    core.endChange();
  });
}

}  // namespace hearthgate::api
