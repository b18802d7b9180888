#include "sim/home.h"

#include <unordered_map>

#include "base/assert.h"
#include "base/sha256.h"
#include "conflict/view.h"

namespace hearthgate::sim {

uint64_t SeededRandom::next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

void SeededRandom::fill(std::span<uint8_t> out) {
  uint64_t word = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) word = next();
    out[i] = static_cast<uint8_t>(word >> (i % 8 * 8));
  }
}

Home::Home(std::string name, uint64_t seed, std::string_view image)
    : name_(std::move(name)), secret_("secret of " + name_), random_(seed) {
  id_.bytes = sha256("home " + name_);
  start(image, Start::kClean);
}

namespace {
// Signatures cost milliseconds, and all homes of a run check the same ones.
Status verifyOnce(const model::OwnerId& circle, const trust::CharterProof& proof, const std::map<HomeId, trust::KeyChain>& known) {
  thread_local std::unordered_map<std::string, Status> seen;
  std::string key(circle.raw());
  key += trust::encodeCharterProof(proof);
  for (const auto& [home, chain] : known) key += trust::encodeChain(chain);
  auto digest = sha256(key);
  auto [at, fresh] = seen.try_emplace(std::string(digest.begin(), digest.end()));
  if (fresh) at->second = trust::verifyCharterProof(circle, proof, known);
  return at->second;
}
}  // namespace

Home::Home(std::string name, uint64_t seed, const trust::Identity& identity, std::string_view image)
    : name_(std::move(name)), id_(identity.home()), secret_("secret of " + name_), signer_(engine::signerOf(identity)), random_(seed) {
  signer_.verify = verifyOnce;
  start(image, Start::kClean);
}

model::OwnerTag Home::ownerTag(const ContentHash& hash) const {
  // The product uses an HMAC; here it only has to be a function that others do not compute.
  auto digest = sha256(secret_ + std::string(hash.view()));
  model::OwnerTag tag;
  std::copy_n(digest.begin(), tag.size(), tag.begin());
  return tag;
}

void Home::start(std::string_view image, Start how) {
  replicator_.reset();
  core_.reset();
  store_.reset();
  auto store = store::Store::inMemory(image);
  HG_ASSERT(store.ok());
  store_ = std::move(*store);
  engine::CoreSettings settings;
  settings.home = id_;
  settings.name = name_;
  settings.signer = signer_;
  settings.ownerTag = [this](const ContentHash& hash) { return ownerTag(hash); };
  settings.peer_entities = limits_.peer_entities;
  settings.peer_bytes = limits_.peer_bytes;
  settings.retention = limits_.retention;
  core_ = std::make_unique<engine::Core>(*store_, clock_, random_, std::move(settings));
  sync::ReplicatorSettings sync_settings;
  sync_settings.name = name_;
  sync_settings.bandwidth_limit = limits_.bandwidth;
  sync_settings.saved_bytes = limits_.saved_bytes;
  sync_settings.uncompressed_kinds = limits_.uncompressed_kinds;
  replicator_ = std::make_unique<sync::Replicator>(*core_, std::move(sync_settings));
  store_->begin();
  core_->load();
  if (!tampering_ || !tampering_->starts(*this, how)) {
    if (how == Start::kRestored) {
      core_->restored();
    } else {
      core_->started(how == Start::kMayHaveForgotten);
    }
  }
  if (tampering_) tampering_->started(*this, how);
  core_->flush();
  Status status = store_->commit();
  HG_ASSERT(status.ok());
}

void Home::commit(const std::function<void()>& work, bool fails) {
  store_->begin();
  if (tampering_) tampering_->before(*this);
  work();
  if (tampering_) tampering_->after(*this);
  replicator_->pump();
  core_->flush();
  std::vector<sync::Output> early;
  if (fails) {
    if (tampering_) {
      early = replicator_->takeOutput();
      std::erase_if(early, [&](const sync::Output& output) { return !tampering_->leavesWithoutCommit(output.message); });
    }
    store_->rollback();
    store_->begin();
    core_->load();
    store_->rollback();
    replicator_->reset("The disk is full.");
  } else {
    Status status = store_->commit();
    if (!status.ok()) std::fprintf(stderr, "%s\n", status.error().message.c_str());
    HG_ASSERT(status.ok());
    if (committed_) committed_();
    // What the engine does between other work, in commits of its own.
    while (core_->retentionDue(false)) {
      store_->begin();
      (void)core_->retain();
      core_->flush();
      Status trimmed = store_->commit();
      HG_ASSERT(trimmed.ok());
    }
  }
  for (sync::Output& output : early) {
    if (output_) output_(std::move(output));
  }
  for (sync::Output& output : replicator_->takeOutput()) {
    if (output_) output_(std::move(output));
  }
}

void Home::linkUp(const HomeId& peer) {
  commit([&] { replicator_->linkUp(peer); });
}

void Home::linkDown(const HomeId& peer) {
  commit([&] { replicator_->linkDown(peer); });
}

void Home::receive(const HomeId& peer, std::string_view message) {
  commit([&] { replicator_->receive(peer, message); });
}

void Home::tick() {
  commit([&] { replicator_->tick(); });
}

Result<engine::Written> Home::write(const engine::WriteOrder& order) {
  Result<engine::Written> written = stateError("none", "");
  commit([&] {
    core_->beginChange(id_, "test", "write");
    written = core_->write(order);
    core_->endChange();
  });
  return written;
}

namespace {
engine::WriteOrder orderOf(const model::Address& address, engine::WriteOrder::Mode mode, const std::string& json) {
  engine::WriteOrder order;
  order.address = address;
  order.mode = mode;
  auto fields = model::parseJson(json, 32);
  HG_ASSERT(fields.ok());
  order.fields = std::move(*fields);
  return order;
}
}  // namespace

Result<engine::Written> Home::put(const model::Address& address, const std::string& json) {
  return write(orderOf(address, engine::WriteOrder::Mode::kPut, json));
}

Result<engine::Written> Home::patch(const model::Address& address, const std::string& json) {
  return write(orderOf(address, engine::WriteOrder::Mode::kPatch, json));
}

Result<engine::Written> Home::remove(const model::Address& address) {
  return write(orderOf(address, engine::WriteOrder::Mode::kDelete, "{}"));
}

Status Home::grant(const HomeId& home, const std::string& pattern, model::Access access) {
  Status status;
  commit([&] { status = core_->grant(home, pattern, access, std::nullopt); });
  return status;
}

std::string Home::shown(const model::Address& address) {
  auto row = store_->entity(address);
  if (!row || row->siblings.empty()) return "none";
  conflict::View view =
      conflict::view(core_->strategyOf(address, row->kind).shown, row->siblings, address.owner);
  if (view.deleted) return "deleted";
  model::Leaves leaves;
  for (const model::Entry& entry : view.entries()) leaves.push_back({entry.path, entry.value});
  return model::canonicalFields(leaves);
}

model::Siblings Home::siblings(const model::Address& address) {
  auto row = store_->entity(address);
  return row ? row->siblings : model::Siblings{};
}

}  // namespace hearthgate::sim
