#include "store/reader.h"

#include <algorithm>

#include "store/sqlite.h"

namespace hearthgate::store {

Reader::Reader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Reader::~Reader() = default;

Status Reader::takeError() { return database_->takeError(); }
void Reader::beginRead() { database_->execute("BEGIN"); }
void Reader::endRead() { database_->execute("COMMIT"); }

void Reader::forgetCaches() {
  replica_names_.clear();
  home_names_.clear();
  replica_numbers_.clear();
  home_numbers_.clear();
  owner_numbers_.clear();
  owner_names_.clear();
  kept_rules_.reset();
}

const ReplicaId* Reader::replicaName(uint32_t number) const {
  auto at = replica_names_.find(number);
  if (at != replica_names_.end()) return &at->second;
  Query query = database_->query("SELECT id FROM replica WHERE n=?");
  if (!query.bind(number).row()) return nullptr;
  auto id = database_->id<ReplicaId>(query.blob(0));
  return database_->failed() ? nullptr : &replica_names_.emplace(number, id).first->second;
}

const HomeId* Reader::homeName(uint32_t number) const {
  auto at = home_names_.find(number);
  if (at != home_names_.end()) return &at->second;
  Query query = database_->query("SELECT id FROM home WHERE n=?");
  if (!query.bind(number).row()) return nullptr;
  auto id = database_->id<HomeId>(query.blob(0));
  return database_->failed() ? nullptr : &home_names_.emplace(number, id).first->second;
}

uint32_t Reader::knownReplica(const ReplicaId& id) {
  auto at = replica_numbers_.find(id);
  if (at != replica_numbers_.end()) return at->second;
  Query query = database_->query("SELECT n FROM replica WHERE id=?");
  if (!query.bindBlob(id.view()).row()) return 0;
  return replica_numbers_[id] = static_cast<uint32_t>(query.integer(0));
}

uint32_t Reader::knownHome(const HomeId& id) {
  auto at = home_numbers_.find(id);
  if (at != home_numbers_.end()) return at->second;
  Query query = database_->query("SELECT n FROM home WHERE id=?");
  if (!query.bindBlob(id.view()).row()) return 0;
  return home_numbers_[id] = static_cast<uint32_t>(query.integer(0));
}

uint32_t Reader::ownerNumber(const model::OwnerId& id) {
  auto at = owner_numbers_.find(id);
  if (at != owner_numbers_.end()) return at->second;
  Query query = database_->query("SELECT n FROM owner WHERE id=?");
  if (!query.bindBlob(id.raw()).row()) return 0;
  return owner_numbers_[id] = static_cast<uint32_t>(query.integer(0));
}

std::optional<model::OwnerId> Reader::ownerName(uint32_t number) {
  auto at = owner_names_.find(number);
  if (at != owner_names_.end()) return at->second;
  Query query = database_->query("SELECT id FROM owner WHERE n=?");
  if (!query.bind(number).row()) return std::nullopt;
  auto id = database_->id<model::OwnerId>(query.blob(0));
  if (database_->failed()) return std::nullopt;
  return owner_names_[number] = id;
}

Head Reader::head() {
  Head head;
  Query query = database_->query("SELECT sequence, change, stamp_ms, stamp_count FROM head");
  if (query.row()) {
    head.sequence = query.number(0);
    head.change = query.number(1);
    head.stamp_ms = query.integer(2);
    head.stamp_count = static_cast<uint32_t>(query.integer(3));
  }
  return head;
}

OwnerRow Reader::readOwner(Query& query) {
  OwnerRow row;
  row.n = static_cast<uint32_t>(query.integer(0));
  row.id = database_->id<model::OwnerId>(query.blob(1));
  row.epoch = database_->id<FeedEpoch>(query.blob(2));
  if (!query.isNull(3)) {
    const ReplicaId* replica = replicaName(static_cast<uint32_t>(query.integer(3)));
    if (replica) row.replica = *replica;
  }
  row.counter = query.number(4);
  row.told = query.number(5);
  row.replacing = query.integer(6) != 0;
  row.hold = query.integer(7) != 0;
  return row;
}

std::optional<OwnerRow> Reader::owner(const model::OwnerId& id) {
  Query query = database_->query("SELECT n, id, epoch, replica, counter, told, replacing, hold FROM owner WHERE id=?");
  if (!query.bindBlob(id.raw()).row()) return std::nullopt;
  return readOwner(query);
}

std::vector<OwnerRow> Reader::owners() {
  std::vector<OwnerRow> rows;
  Query query = database_->query("SELECT n, id, epoch, replica, counter, told, replacing, hold FROM owner ORDER BY n");
  while (query.row()) rows.push_back(readOwner(query));
  return rows;
}

std::string Reader::meta(const char* key) {
  Query query = database_->query("SELECT value FROM meta WHERE key=?");
  return query.bindText(key).row() ? query.text(0) : std::string();
}

model::Siblings Reader::decode(std::string_view blob, std::string_view kind) {
  if (blob.empty()) return {};
  auto siblings = model::decodeSiblings(blob, kind, *this);
  if (siblings.ok()) return std::move(*siblings);
  database_->damaged("read a version");
  return {};
}

#define ENTITY_HEAD "n, owner, id, kind, sequence, state, origin, conflicted, updated_ms"
#define ENTITY_COLUMNS ENTITY_HEAD ", siblings, recent"
// For pages, which would hold too much of large rows: those have null there, and are read by their numbers as far as
// they are given. Most are small, and for them one look is enough.
#define ENTITY_IF_SMALL                                  \
  ENTITY_HEAD                                            \
  ", CASE WHEN length(siblings)<=4096 THEN siblings END" \
  ", CASE WHEN length(siblings)<=4096 THEN recent END"

EntityRow Reader::readHead(Query& query) {
  EntityRow row;
  row.n = query.integer(0);
  row.address.owner = ownerName(static_cast<uint32_t>(query.integer(1))).value_or(model::OwnerId{});
  row.address.id = query.text(2);
  row.kind = query.text(3);
  row.sequence = query.number(4);
  row.state = static_cast<EntityState>(query.integer(5));
  row.origin = static_cast<Origin>(query.integer(6));
  row.conflicted = query.integer(7) != 0;
  row.updated_ms = query.integer(8);
  return row;
}

void Reader::readContent(Query& query, EntityRow* row) {
  row->siblings = decode(query.blob(9), row->kind);
  row->stored_bytes = query.blob(9).size();
  row->recent = query.text(10);
  if (row->siblings.empty() && row->state != EntityState::kNoLongerShared) {
    // Whoever reads on until the error is asked for must not meet an entity that has nothing to show.
    database_->damaged("read an entity");
    row->state = EntityState::kNoLongerShared;
  }
}

EntityRow Reader::readEntity(Query& query) {
  EntityRow row = readHead(query);
  readContent(query, &row);
  return row;
}

std::optional<EntityRow> Reader::entity(const model::Address& address) {
  uint32_t owner = ownerNumber(address.owner);
  if (!owner) return std::nullopt;
  Query query = database_->query("SELECT " ENTITY_COLUMNS " FROM entity WHERE owner=? AND id=?");
  if (!query.bind(owner).bindText(address.id).row()) return std::nullopt;
  return readEntity(query);
}

std::optional<EntityRow> Reader::entity(EntityNumber n) {
  Query query = database_->query("SELECT " ENTITY_COLUMNS " FROM entity WHERE n=?");
  if (!query.bind(n).row()) return std::nullopt;
  return readEntity(query);
}

namespace {

bool passes(const EntityFilter& filter, const EntityRow& row) {
  if (row.state == EntityState::kDeleted && !filter.deleted) return false;
  if (row.state == EntityState::kNoLongerShared && !filter.stubs) return false;
  if (!filter.kind.empty() && row.kind != filter.kind) return false;
  return !filter.conflicted || row.conflicted == *filter.conflicted;
}

}  // namespace

EntityPage Reader::entityPage(const EntityFilter& filter, const std::optional<model::Address>& after,
                              const EntityPageSize& size, const std::function<bool(const EntityRow&)>& wanted) {
  // Owners are few: they are walked in order of their text, each by its index.
  std::map<std::string, uint32_t> owners;
  {
    Query query = database_->query("SELECT n, id FROM owner");
    while (query.row()) {
      auto id = database_->id<model::OwnerId>(query.blob(1));
      if (!filter.owner || *filter.owner == id) owners[id.text()] = static_cast<uint32_t>(query.integer(0));
    }
  }
  EntityPage page;
  size_t bytes = 0, looked = 0;
  std::optional<model::Address> last = after;  // looked at
  std::string after_owner = after ? after->owner.text() : std::string();
  std::string end = filter.prefix + '\xff';  // above every text that begins with the prefix
  for (const auto& [text, owner] : owners) {
    if (text < after_owner) continue;
    std::string above = text == after_owner && after ? after->id : std::string();
    Query query =
        database_->query("SELECT " ENTITY_IF_SMALL " FROM entity WHERE owner=? AND id>=? AND id<? ORDER BY id");
    query.bind(owner).bindText(std::max(above, filter.prefix)).bindText(end);
    while (query.row()) {
      EntityRow row = readHead(query);
      if (row.address.id == above) continue;
      bool matches = passes(filter, row) && (!wanted || wanted(row));
      bool full = matches && (page.rows.size() >= size.rows || bytes >= kRowPageBytes);
      if (full || looked++ >= size.looked) {
        page.next = std::move(last);
        return page;
      }
      last = row.address;
      if (!matches) continue;
      if (query.isNull(9)) {
        auto whole = entity(row.n);
        if (!whole) return page;
        row = std::move(*whole);
      } else {
        readContent(query, &row);
      }
      bytes += row.stored_bytes;
      page.rows.push_back(std::move(row));
    }
  }
  return page;
}

uint64_t Reader::entityCount() {
  Query query = database_->query("SELECT count(*) FROM entity WHERE state=0");
  return query.row() ? query.number(0) : 0;
}

uint64_t Reader::entityCount(const model::OwnerId& owner) {
  Query query = database_->query("SELECT count(*) FROM entity WHERE owner=? AND state<>2");
  return query.bind(ownerNumber(owner)).row() ? query.number(0) : 0;
}

std::map<std::string, uint64_t> Reader::entitiesMatching(const model::OwnerId& owner, std::string_view pattern) {
  std::map<std::string, uint64_t> kinds;
  // SQLite's own GLOB takes exponential time over many stars.
  Query query = database_->query("SELECT id, kind FROM entity WHERE owner=? AND state=0");
  query.bind(ownerNumber(owner));
  while (query.row()) {
    if (model::globMatches(pattern, query.text(0))) ++kinds[query.text(1)];
  }
  return kinds;
}

uint64_t Reader::entityBytes(const model::OwnerId& owner) {
  Query query = database_->query("SELECT coalesce(sum(length(siblings)),0) FROM entity WHERE owner=?");
  return query.bind(ownerNumber(owner)).row() ? query.number(0) : 0;
}

FeedPart Reader::feedPart(const model::OwnerId& owner, uint64_t after, size_t limit, size_t bytes) {
  FeedPart part;
  size_t read = 0;
  Query query = database_->query(
      "SELECT n, id, kind, sequence, siblings FROM entity WHERE owner=? AND sequence>? ORDER BY sequence LIMIT ?");
  query.bind(ownerNumber(owner)).bind(after).bind(static_cast<int64_t>(limit));
  while (read < bytes) {
    if (!query.row()) {
      part.last = part.rows.size() < limit;
      break;
    }
    part.rows.push_back({query.integer(0), query.text(1), query.text(2), query.number(3), query.text(4)});
    read += part.rows.back().siblings.size();
  }
  return part;
}

std::optional<FeedRow> Reader::feedRow(EntityNumber n) {
  Query query = database_->query("SELECT n, id, kind, sequence, siblings FROM entity WHERE n=?");
  if (!query.bind(n).row()) return std::nullopt;
  return FeedRow{query.integer(0), query.text(1), query.text(2), query.number(3), query.text(4)};
}

uint64_t Reader::feedEnd(const model::OwnerId& owner) {
  Query query = database_->query("SELECT max(sequence) FROM entity WHERE owner=?");
  return query.bind(ownerNumber(owner)).row() ? query.number(0) : 0;
}

Page<EntityRow> Reader::changedSince(uint64_t after, size_t limit) {
  // The lowest numbers of all owners, one more than wanted: it tells whether there are more.
  std::vector<EntityRow> rows;
  std::set<EntityNumber> large;
  uint64_t below = INT64_MAX;
  for (const OwnerRow& owner : owners()) {
    size_t known = rows.size();
    {
      Query query =
          database_->query("SELECT " ENTITY_IF_SMALL
                           " FROM entity WHERE owner=? AND sequence>? AND sequence<? ORDER BY sequence LIMIT ?");
      query.bind(owner.n).bind(after).bind(below).bind(static_cast<int64_t>(limit + 1));
      while (query.row()) {
        rows.push_back(readHead(query));
        if (query.isNull(9)) {
          large.insert(rows.back().n);
        } else {
          readContent(query, &rows.back());
        }
      }
    }
    auto lower = [](const EntityRow& a, const EntityRow& b) { return a.sequence < b.sequence; };
    if (known > 0 && rows.size() > known) std::sort(rows.begin(), rows.end(), lower);
    if (rows.size() <= limit) continue;
    rows.resize(limit + 1);
    below = rows.back().sequence;
  }
  Page<EntityRow> page;
  size_t bytes = 0;
  for (EntityRow& row : rows) {
    page.more = page.rows.size() == limit || bytes >= kRowPageBytes;
    if (page.more) break;
    if (large.contains(row.n)) {
      auto whole = entity(row.n);
      if (!whole) break;
      row = std::move(*whole);
    }
    bytes += row.stored_bytes;
    page.rows.push_back(std::move(row));
  }
  return page;
}

model::Siblings Reader::base(EntityNumber n) {
  Query query = database_->query("SELECT siblings FROM base WHERE entity=?");
  if (!query.bind(n).row()) return {};
  return decode(query.blob(0), kNoKind);
}

std::string Reader::pluginState(const std::string& plugin, const std::string& key) {
  Query query = database_->query("SELECT value FROM plugin_state WHERE plugin=? AND key=?");
  return query.bindText(plugin).bindText(key).row() ? query.text(0) : std::string();
}

}  // namespace hearthgate::store
