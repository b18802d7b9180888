#include "fuzz/api/fuzzed_api.h"

#include <algorithm>
#include <filesystem>

#include "api/problem.h"
#include "base/assert.h"
#include "base/utf8.h"
#include "model/limits.h"
#include "unit/model/histories.h"
#include "unit/trust/support.h"

namespace hearthgate::fuzz {
namespace {

constexpr size_t kAnswerDepth = 64;  // an entity's fields stand some levels below the top

class TextCall final : public api::Call {
 public:
  TextCall(const RequestText& request, std::string body)
      : request_(request), size_(body.size()), body_(std::move(body)) {
    method = request.method;
    remote_address = "127.0.0.1";
    loopback = true;
  }
  std::optional<std::string> header(const std::string& name) const override {
    auto at = request_.headers.find(name);
    return at == request_.headers.end() ? std::nullopt : std::optional(at->second);
  }
  std::istream& bodyStream() override { return body_; }
  bool bodyComplete(uint64_t read) override { return !request_.broken && read == size_; }
  std::optional<uint64_t> bodyLength() const override {
    return request_.chunked ? std::nullopt : std::optional<uint64_t>(size_);
  }
  bool hasBody() const override { return size_ > 0; }
  int takeConnection() override { return -1; }

 private:
  const RequestText& request_;
  size_t size_;
  std::istringstream body_;
};

const trust::Identity& identity() {
  static sim::SeededRandom random(9);
  static const trust::Identity made = trust::Identity::inMemory(random);
  return made;
}

engine::CoreSettings coreSettings() {
  engine::CoreSettings settings;
  settings.home = identity().home();
  settings.ownerTag = [](const ContentHash& hash) { return identity().ownerTag(hash); };
  return settings;
}

void fill(engine::Core& core) {
  const HomeId& peer = FuzzedApi::peer();
  model::OwnerId me = core.me();
  store::Peer row;
  row.home = peer;
  row.name = "Beach";
  row.addresses = {{"192.0.2.7:8765", "hand", std::nullopt}};
  core.store().putPeer(row);
  core.admit(peer);
  HG_ASSERT(core.grant(peer, "light.*", model::Access::kWrite, std::nullopt).ok());
  model::Rules rules;
  rules.number = 1;
  rules.lists = {{{"*.*", model::Access::kWrite, std::nullopt}}};
  core.receiveRules(model::OwnerId(peer), rules);
  core.beginChange(core.settings().home, "token", "write");
  for (const char* id : {"light.kitchen", "light.hall", "sensor.t"}) {
    engine::WriteOrder order;
    order.address = {me, id};
    order.fields = *model::parseJson(R"({"state":"on","a":{"b":1},"n":2})", 4);
    HG_ASSERT(core.write(order).ok());
  }
  // One that two have written, and one of the other home's own.
  for (const model::Address& address :
       {model::Address{me, "light.kitchen"}, model::Address{model::OwnerId(peer), "light.beach"}}) {
    model::Version version = model::Writer{7}.put({}, R"({"state":"off"})", model::at(1'700'000'000'000));
    version.author = peer;
    version.hash = model::contentHash(address, version);
    core.join(address, "state", {version});
  }
  HG_ASSERT(core.setStrategy({model::StrategyRow::Scope::kKind, "state", "user-choice"}).ok());
  core.endChange();
}

// The folder of this process with the database that every home begins with.
struct Template {
  trust::TemporaryFolder folder;
  std::string database = folder.file("template.db");
  config::Loaded configuration = config::load({});
  std::vector<std::string> versions;  // ids of those of light.kitchen
  unsigned copies = 0;

  static Template& get() {
    static Template made;
    return made;
  }
  Template() {
    auto store = store::Store::open(database, store::Durability::kNormal);
    HG_ASSERT(store.ok());
    sim::FakeClock clock;
    sim::SeededRandom random(3);
    engine::Core core(**store, clock, random, coreSettings());
    (*store)->begin();
    core.load();
    core.started(false);
    fill(core);
    core.flush();
    auto kitchen = core.store().entity({core.me(), "light.kitchen"});
    for (const model::Version& version : kitchen->siblings) versions.push_back(version.id());
    HG_ASSERT(versions.size() == 2 && (*store)->commit().ok() && (*store)->checkpoint().ok());
  }
};

void checkAnswer(const api::Answer& answer) {
  HG_ASSERT(answer.status >= 200 && answer.status <= 599);
  for (const auto& [name, value] : answer.headers) {
    // What a header cannot hold would begin another header, or another answer.
    HG_ASSERT(std::none_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  }
  if (answer.content_type != api::kJson && answer.content_type != "application/problem+json") return;
  auto json = model::parseJson(answer.body, kAnswerDepth);
  HG_ASSERT(json.ok());
  if (answer.status < 400) return;
  const model::Json* code = json->find("code");
  HG_ASSERT(code && json->find("detail") && json->find("detail")->text.size() < 2000);
  // Nothing is wrong with this machine, and nothing that was asked makes it so.
  for (const char* never : {"internal", "database_corrupt", "storage_failed", "database_locked"})
    HG_ASSERT(code->text != never);
}

}  // namespace

const HomeId& FuzzedApi::peer() {
  static const HomeId id = model::home(77);
  return id;
}
const HomeId& FuzzedApi::me() const { return identity().home(); }

FuzzedApi::FuzzedApi() {
  Template& from = Template::get();
  folder_ = from.folder.file(std::to_string(++from.copies));
  std::filesystem::create_directory(folder_);
  std::string path = folder_ + "/home.db";
  std::filesystem::copy_file(from.database, path);
  auto store = store::Store::open(path, store::Durability::kNormal);
  HG_ASSERT(store.ok());
  engine_ = std::make_unique<engine::Engine>(std::move(*store), clock_, random_, coreSettings());
  HG_ASSERT(engine_->start([](engine::Core& core) { core.started(false); }).ok());
  api::ServerSettings settings;
  settings.home_name = "Home";
  settings.version = "fuzz";
  settings.database_path = path;
  settings.token_path = folder_ + "/admin.token";
  auto token = trust::AdminToken::loadOrCreate(settings.token_path, random_);
  HG_ASSERT(token.ok());
  gateway_.reset(
      new api::Gateway{settings,
                       {*engine_, clock_, random_, identity(), filter_, homes_, plugins_, from.configuration},
                       me(),
                       from.configuration.config.sharing.conflict_resolution.strategy,
                       30'000,
                       clock_.steadyMs(),
                       api::ReaderPool(path),
                       api::TokenKeeper(std::move(*token), settings.token_path),
                       {},
                       {},
                       nullptr,
                       0});
  gateway_->streams = std::make_unique<api::EventStreams>(*gateway_, bell_);
  api::addRoutes(router_);
  gateway_->router = &router_;
}

FuzzedApi::~FuzzedApi() {
  gateway_->streams->stop();
  engine_->stop();
  gateway_.reset();
  std::filesystem::remove_all(folder_);
}

std::string FuzzedApi::named(std::string_view text) const {
  std::string out(text);
  const std::vector<std::string>& versions = Template::get().versions;
  const std::pair<std::string, std::string> names[] = {
      {"{me}", me().text()}, {"{peer}", peer().text()}, {"{one}", versions[0]}, {"{two}", versions[1]}};
  for (const auto& [name, id] : names) {
    for (size_t at = out.find(name); at != std::string::npos; at = out.find(name, at)) out.replace(at, name.size(), id);
  }
  return out;
}

// As HttpExchange does it behind the filter and the token.
api::Answer FuzzedApi::ask(const RequestText& request) {
  TextCall call(request, named(request.body));
  std::string target = named(request.target);
  size_t question = target.find('?');
  call.path = target.substr(0, question);
  auto answered = [&]() -> Result<api::Answer> {
    if (question != std::string::npos) {
      HG_TRY(call.query, api::parseQuery(std::string_view(target).substr(question + 1)));
    }
    std::string allow;
    HG_TRY(const api::Router::Route* route, router_.find(call, &allow));
    return route->handler(*gateway_, call);
  }();
  api::Answer answer = answered.ok() ? std::move(*answered) : api::problem(answered.error());
  checkAnswer(answer);
  return answer;
}

void FuzzedApi::checkStored() {
  auto checked = gateway_->read([](store::Reader& reader) -> Result<api::Answer> {
    store::EntityFilter filter;
    filter.deleted = filter.stubs = true;
    for (const store::EntityRow& row : reader.entityPage(filter, std::nullopt, {1000}).rows) {
      HG_ASSERT(model::checkEntityId(row.address.id).ok() && model::checkKind(row.kind).ok());
      for (const model::Version& version : row.siblings) {
        HG_ASSERT(model::checkVersion(version).ok() && model::contentHash(row.address, version) == version.hash);
      }
    }
    return api::Answer::nothing();
  });
  HG_ASSERT(checked.ok());
}

}  // namespace hearthgate::fuzz
