// A database whose rows somebody changed, or whose pages a card damaged: cells of the sample database hold what the
// input says, or bytes of the file do. Reading all of it, starting a home on it and linking it to another one gives
// errors and no crash, and what is not damaged is read as it was.
#include <sqlite3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/input.h"
#include "sim/circle_homes.h"
#include "sim/home.h"
#include "unit/model/histories.h"
#include "unit/store/sample_database.h"

using namespace hearthgate;

namespace {

using model::home;
using model::OwnerId;

struct Column {
  std::string table;
  std::string name;
};

// The sample as bytes, and every column that it has.
struct Sample {
  std::string image;
  std::vector<Column> columns;

  static const Sample& get() {
    static const Sample sample;
    return sample;
  }

  Sample() {
    auto store = store::Store::inMemory();
    HG_ASSERT(store.ok() && store::fillSample(**store).ok());
    image = (*store)->serialize();
    sqlite3* handle = open(image);
    for (const std::string& table : column(handle, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")) {
      for (const std::string& name : column(handle, "SELECT name FROM pragma_table_info('" + table + "')")) {
        columns.push_back({table, name});
      }
    }
    sqlite3_close(handle);
  }

  static sqlite3* open(const std::string& image) {
    sqlite3* handle = nullptr;
    HG_ASSERT(sqlite3_open(":memory:", &handle) == SQLITE_OK);
    auto* bytes = static_cast<unsigned char*>(sqlite3_malloc64(image.size()));
    std::copy(image.begin(), image.end(), bytes);
    HG_ASSERT(sqlite3_deserialize(handle, "main", bytes, static_cast<sqlite3_int64>(image.size()),
                                  static_cast<sqlite3_int64>(image.size()),
                                  SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK);
    return handle;
  }

 private:
  static std::vector<std::string> column(sqlite3* handle, const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    HG_ASSERT(sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    std::vector<std::string> out;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      out.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)));
    }
    sqlite3_finalize(statement);
    return out;
  }
};

// One cell becomes another value; what the schema itself refuses stays.
void changeCell(sqlite3* handle, fuzz::Input* input) {
  const Column& column = Sample::get().columns[input->byte() % Sample::get().columns.size()];
  std::string which = "\"" + column.name + "\"";
  size_t row = input->below(4);
  std::string old_bytes;
  sqlite3_stmt* statement = nullptr;
  std::string read = "SELECT " + which + " FROM \"" + column.table + "\" LIMIT 1 OFFSET " + std::to_string(row);
  HG_ASSERT(sqlite3_prepare_v2(handle, read.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  if (sqlite3_step(statement) == SQLITE_ROW) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, 0));
    if (bytes) old_bytes.assign(bytes, static_cast<size_t>(sqlite3_column_bytes(statement, 0)));
  }
  sqlite3_finalize(statement);
  // Every row that has the same value, so that tables without a row number can be changed too.
  std::string sql =
      "UPDATE OR IGNORE \"" + column.table + "\" SET " + which + " = ?1 WHERE " + which + " IS (" + read + ")";
  if (sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return;
  std::string value;
  switch (input->below(6)) {
    case 0:
      sqlite3_bind_int64(statement, 1, static_cast<sqlite3_int64>(input->word()));
      break;
    case 1:
      sqlite3_bind_int64(statement, 1, input->byte());
      break;
    case 2:
      sqlite3_bind_null(statement, 1);
      break;
    case 3:
      value = input->bytes();
      sqlite3_bind_text(statement, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
      break;
    case 4:
      value = input->bytes();
      sqlite3_bind_blob(statement, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
      break;
    default:
      value = old_bytes;
      for (size_t edits = 1 + input->below(3); edits > 0 && !value.empty(); --edits) {
        value[input->byte() % value.size()] = static_cast<char>(input->byte());
      }
      if (input->flag()) value.resize(value.size() / 2);
      sqlite3_bind_blob(statement, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
  }
  sqlite3_step(statement);
  sqlite3_finalize(statement);
}

// What can be read, is, and gone over leaf by leaf.
void readAll(store::Store& store) {
  auto goOver = [](const model::Version& version) {
    model::Version again = version;
    model::keepDots(version, &again);
    (void)model::mergePatch(model::scanLeaves(version.fields), *model::parseJson(R"({"new":{"a":1}})", 4));
    HG_ASSERT(model::entriesOf(version).size() == model::scanLeaves(version.fields).size());
  };
  OwnerId me(home(1)), beach(home(2));
  (void)store.head();
  (void)store.meta("home");
  (void)store.peers();
  (void)store.strategyRows();
  (void)store.heldNames(std::nullopt, 100);
  (void)store.events(0, 100);
  (void)store.audit({}, std::nullopt, 100);
  (void)store.entityTallies();
  (void)store.openConflicts();
  (void)store.takeError();
  for (const store::HeldRow& held : store.held(std::nullopt, 100)) {
    (void)model::decodeVersion(held.version, held.hash, held.kind, store);
  }
  store::EntityFilter filter;
  filter.deleted = filter.stubs = true;
  for (const store::EntityRow& row : store.entityPage(filter, std::nullopt, {100}).rows) {
    for (const model::Version& version : row.siblings) goOver(version);
  }
  (void)store.takeError();
  for (store::EntityNumber n = 1; n < 6; ++n) {
    (void)store.entity(n);
    for (const store::HistoryRow& row : store.history(n, 100)) goOver(row.version);
    (void)store.takeError();
    for (const model::Version& version : store.base(n)) goOver(version);
    (void)store.takeError();
  }
  for (int64_t n = 1; n < 4; ++n) {
    if (auto conflict = store.conflict(n)) {
      for (const model::Version& version : conflict->versions) goOver(version);
    }
    (void)store.takeError();
  }
  for (const OwnerId& owner : {me, beach}) {
    (void)store.owner(owner);
    (void)store.feedPart(owner, 0, 100);
    (void)store.rules(owner, home(2));
    (void)store.rulesOf(owner);
    (void)store.takeError();
    (void)store.peerPlace(home(2), owner);
    (void)store.peerExceptions(home(2), owner);
    (void)store.endedGrants(owner, home(2));
    (void)store.cursor(home(2), owner);
    (void)store.ownReplicas(owner);
    (void)store.starts(owner);
    (void)store.seen(owner, home(2));
    (void)store.takeError();
  }
}

// A home that starts on it, writes, and speaks with another. It may refuse to.
void startHome(store::Store& store) {
  sim::FakeClock clock;
  sim::SeededRandom random(1);
  engine::CoreSettings settings;
  settings.home = home(1);
  settings.ownerTag = [](const ContentHash&) { return model::OwnerTag{}; };
  settings.signer = engine::signerOf(sim::readyIdentity(0));
  engine::Core core(store, clock, random, std::move(settings));
  store.begin();
  core.load();
  core.started(false);
  core.flush();
  if (!store.commit().ok()) return;
  sync::Replicator replicator(core, {});
  auto commit = [&](const std::function<void()>& work) {
    store.begin();
    work();
    replicator.pump();
    core.flush();
    bool ok = store.commit().ok();
    for (const sync::Output& output : replicator.takeOutput()) HG_ASSERT(isUtf8(output.close_text));
    return ok;
  };
  bool alive = commit([&] { replicator.linkUp(home(2)); });
  alive = alive && commit([&] {
            sync::Hello hello;
            hello.protocol_min = hello.protocol_max = 1;
            hello.home = home(2);
            hello.incarnation = 1'000'000;
            for (uint8_t n : {1, 2}) {
              sync::OwnerHello of;
              of.owner = OwnerId(home(n));
              of.has_content = n == 2;
              hello.owners.push_back(of);
            }
            replicator.receive(home(2), sync::encode(hello));
          });
  alive = alive && commit([&] { replicator.tick(); });
  if (!alive) return;
  (void)commit([&] {
    engine::WriteOrder order;
    order.address = {OwnerId(home(1)), "light.kitchen"};
    order.fields = *model::parseJson(R"({"a":1})", 4);
    core.beginChange(home(1), "test", "write");
    (void)core.write(order);
    order.mode = engine::WriteOrder::Mode::kPatch;
    (void)core.write(order);
    core.endChange();
    (void)replicator.why(home(2), order.address, {.name = "B"});
    (void)replicator.report(home(2));
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  std::string image = Sample::get().image;
  uint8_t how = input.byte();
  if (how % 4 == 3) {
    for (size_t edits = 1 + input.below(8); edits > 0; --edits) {
      size_t at = (input.byte() * 65536u + input.byte() * 256u + input.byte()) % image.size();
      image[at] = static_cast<char>(input.byte());
    }
  } else {
    sqlite3* handle = Sample::open(image);
    for (size_t edits = 1 + how % 4; edits > 0; --edits) changeCell(handle, &input);
    sqlite3_int64 bytes = 0;
    unsigned char* made = sqlite3_serialize(handle, "main", &bytes, 0);
    HG_ASSERT(made);
    image.assign(reinterpret_cast<const char*>(made), static_cast<size_t>(bytes));
    sqlite3_free(made);
    sqlite3_close(handle);
  }
  auto store = store::Store::inMemory(image);
  if (!store.ok()) {
    HG_ASSERT(isUtf8(store.error().message));
    return 0;
  }
  readAll(**store);
  startHome(**store);
  return 0;
}
