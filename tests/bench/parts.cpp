// What the parts of a gateway cost by themselves (Google Benchmark): one JSON line a figure, `ns` for one of what the
// part works on (a version, a line, an entity), so that the lines can be added up to what an update costs.
//
//   parts [--benchmark_filter=REGEX]           files are written below TMPDIR, which should be a real disk
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/updates.h"
#include "conflict/view.h"
#include "engine/core.h"
#include "model/codec.h"
#include "model/limits.h"
#include "sync/replicator.h"

namespace hearthgate::bench {
namespace {

using model::Access;
using model::Version;

constexpr int kGroup = 1000;  // as many as the engine puts into one commit
constexpr int kFeed = 10'000;
constexpr int kListed = 100'000;

void must(const Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "parts: %s: %s\n", what, status.error().message.c_str());
  std::exit(1);
}
template <typename T>
T must(Result<T> result, const char* what) {
  if (!result.ok()) must(Status(result.error()), what);
  return std::move(*result);
}

enum class Where { kMemory, kFile };

// Store, core and replicator of one home, driven as the engine drives them, without its thread.
class Home {
 public:
  explicit Home(Where where) : id_(systemRandom().id<HomeId>()) {
    if (where == Where::kFile) {
      folder_ = std::filesystem::temp_directory_path() / ("hearthgate-parts-" + id_.text().substr(0, 16));
      std::filesystem::create_directory(folder_);
      store_ = must(store::Store::open(folder_ / "hearthgate.db", store::Durability::kFull), "a database");
    } else {
      store_ = must(store::Store::inMemory(), "a database in memory");
    }
    engine::CoreSettings settings;
    settings.home = id_;
    settings.ownerTag = [](const ContentHash& hash) {
      model::OwnerTag tag;
      std::copy_n(hash.bytes.begin(), tag.size(), tag.begin());
      return tag;
    };
    core_ = std::make_unique<engine::Core>(*store_, systemClock(ClockTrust::kYes), systemRandom(), std::move(settings));
    replicator_ = std::make_unique<sync::Replicator>(*core_, sync::ReplicatorSettings{});
    commit([&] {
      core_->load();
      core_->started(false);
    });
  }
  ~Home() {
    replicator_.reset();
    core_.reset();
    store_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  template <typename Work>
  void commit(const Work& work) {
    store_->begin();
    work();
    replicator_->pump();
    core_->flush();
    must(store_->commit(), "a commit");
  }
  // Inside a commit.
  void write(const std::vector<engine::WriteOrder>& orders) {
    core_->beginChange(id_, "bench", "bulk");
    for (const engine::WriteOrder& order : orders) must(core_->write(order), "a write");
    core_->endChange();
  }
  std::vector<engine::WriteOrder> orders(uint64_t seed, int count, int entities) const {
    std::vector<engine::WriteOrder> all;
    for (const Update& update : updates(seed, static_cast<size_t>(count), entities)) {
      engine::WriteOrder order;
      order.address = {owner(), entityId(update.entity)};
      order.fields = must(model::parseJson(update.fields, model::kMaxDepth), "fields");
      all.push_back(std::move(order));
    }
    return all;
  }
  void fill(int entities) {
    for (int at = 0; at < entities; at += kGroup) {
      std::vector<engine::WriteOrder> all = orders(7, kGroup, kGroup);
      for (int i = 0; i < kGroup; ++i) all[static_cast<size_t>(i)].address.id = entityId(at + i);
      commit([&] { write(all); });
    }
  }
  Version only(const std::string& id) {
    auto row = store_->entity({owner(), id});
    return row->siblings.back();
  }

  const HomeId& id() const { return id_; }
  model::OwnerId owner() const { return model::OwnerId(id_); }
  store::Store& store() { return *store_; }
  engine::Core& core() { return *core_; }
  sync::Replicator& replicator() { return *replicator_; }

 private:
  HomeId id_;
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Core> core_;
  std::unique_ptr<sync::Replicator> replicator_;
};

// One iteration works on `each` of what the figure is of.
void per(benchmark::State& state, int each) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * each);
}

std::string line() {
  Update update = updates(1, 1, 1).front();
  return R"({"id":")" + entityId(update.entity) + R"(","fields":)" + update.fields + "}";
}

void parseBulkLine(benchmark::State& state) {
  std::string text = line();
  for (auto _ : state) {
    auto json = model::parseJson(text, model::kMaxDepth + 1);
    benchmark::DoNotOptimize(json);
  }
  per(state, 1);
}

void canonicalFormAndHash(benchmark::State& state) {
  Home home(Where::kMemory);
  auto orders = home.orders(1, 1, 1);
  home.commit([&] { home.write(orders); });
  Version version = home.only(entityId(0));
  model::Address address{home.owner(), entityId(0)};
  for (auto _ : state) {
    auto leaves = model::leavesOf(orders.front().fields);
    version.fields = model::canonicalFields(*leaves);
    version.hash = model::contentHash(address, version);
    benchmark::DoNotOptimize(version.hash);
  }
  per(state, 1);
}

void encodeVersion(benchmark::State& state) {
  Home home(Where::kMemory);
  auto orders = home.orders(1, 1, 1);
  home.commit([&] { home.write(orders); });
  Version version = home.only(entityId(0));
  home.store().begin();
  std::string encoded;
  for (auto _ : state) {
    encoded.clear();
    model::encodeVersion(version, version.kind, home.store(), &encoded);
    benchmark::DoNotOptimize(encoded);
  }
  home.store().rollback();
  per(state, 1);
}

// As a receiver does: with the hash, which does not travel, and the check of what any version must be.
void decodeAndCheckVersion(benchmark::State& state) {
  Home home(Where::kMemory);
  auto orders = home.orders(1, 1, 1);
  home.commit([&] { home.write(orders); });
  Version version = home.only(entityId(0));
  model::Address address{home.owner(), entityId(0)};
  std::string encoded;
  home.store().begin();
  model::encodeVersion(version, version.kind, home.store(), &encoded);
  for (auto _ : state) {
    auto decoded = model::decodeVersion(encoded, address, version.kind, home.store());
    must(model::checkVersion(*decoded), "the check");
    benchmark::DoNotOptimize(decoded);
  }
  home.store().rollback();
  per(state, 1);
}

// Twenty fields; after the split one side changed the first twelve, the other the last twelve.
model::Siblings twoSiblings(Home& home) {
  Home other(Where::kMemory);
  auto fields = [](int from, int to, const std::string& by) {
    std::string text = "{";
    for (int i = 0; i < 20; ++i) {
      text += (i ? "," : "");
      text += "\"field_" + std::to_string(i) + "\":\"" + (i >= from && i < to ? by : std::string("base")) + "\"";
    }
    return text + "}";
  };
  model::Address address{home.owner(), "light.lamp"};
  auto put = [&](Home& at, const std::string& text) {
    engine::WriteOrder order;
    order.address = address;
    order.fields = must(model::parseJson(text, model::kMaxDepth), "fields");
    std::vector<engine::WriteOrder> orders{order};
    at.commit([&] { at.write(orders); });
  };
  put(home, fields(0, 0, ""));
  model::Siblings base = home.store().entity(address)->siblings;
  other.commit([&] { other.core().admit(home.id()); });
  other.commit([&] {
    model::Rules rules;
    rules.number = 1;
    rules.lists.push_back({{"*", Access::kWrite, std::nullopt}});
    other.core().receiveRules(home.owner(), rules);
    other.core().join(address, "state", base);
  });
  put(home, fields(0, 12, "here"));
  put(other, fields(8, 20, "there"));
  model::Siblings there = other.store().entity(address)->siblings;
  home.commit([&] { home.core().join(address, "state", there); });
  return home.store().entity(address)->siblings;
}

void mergeView(benchmark::State& state) {
  Home home(Where::kMemory);
  model::Siblings siblings = twoSiblings(home);
  conflict::View first = conflict::view(conflict::Strategy::kMerge, siblings, home.owner());
  if (siblings.size() != 2 || first.entries().size() != 20 || !first.differ) {
    return state.SkipWithError("these are not two siblings of twenty fields");
  }
  for (auto _ : state) {
    conflict::View view = conflict::view(conflict::Strategy::kMerge, siblings, home.owner());
    benchmark::DoNotOptimize(view.entries());
  }
  per(state, 1);
}

void writeGroup(benchmark::State& state, Where where) {
  Home home(where);
  home.fill(kGroup);
  uint64_t seed = 10;
  for (auto _ : state) {
    state.PauseTiming();
    auto orders = home.orders(++seed, kGroup, kGroup);
    state.ResumeTiming();
    home.commit([&] { home.write(orders); });
  }
  per(state, kGroup);
}

void joinGroup(benchmark::State& state, Where where) {
  Home home(Where::kMemory);
  Home receiver(where);
  receiver.commit([&] { receiver.core().admit(home.id()); });
  uint64_t seed = 10;
  std::vector<std::pair<model::Address, model::Siblings>> written;
  for (auto _ : state) {
    state.PauseTiming();
    auto orders = home.orders(++seed, kGroup, kGroup);
    home.commit([&] { home.write(orders); });
    written.clear();
    for (const auto& order : orders) written.emplace_back(order.address, home.store().entity(order.address)->siblings);
    state.ResumeTiming();
    receiver.commit([&] {
      receiver.core().beginChange(home.id(), home.id().text(), "sync");
      for (auto& [address, versions] : written) receiver.core().join(address, "state", std::move(versions));
      receiver.core().endChange();
    });
  }
  per(state, kGroup);
}

// Delivers what one home has for the other: all that is there in one commit, as the engine does.
bool deliver(Home& from, Home& to, std::deque<std::string>& messages) {
  for (sync::Output& output : from.replicator().takeOutput()) {
    if (output.message.empty()) {
      std::fprintf(stderr, "parts: the link was closed: %s\n", output.close_text.c_str());
      std::exit(1);
    }
    messages.push_back(std::move(output.message));
  }
  if (messages.empty()) return false;
  to.commit([&] {
    for (const std::string& message : messages) to.replicator().receive(from.id(), message);
  });
  messages.clear();
  return true;
}

void feedToNewHome(benchmark::State& state, Where where) {
  Home home(where);
  home.fill(kFeed);
  for (auto _ : state) {
    state.PauseTiming();
    std::optional<Home> reader(where);
    home.commit([&] {
      home.core().admit(reader->id());
      must(home.core().grant(reader->id(), "*", Access::kRead, {}), "a grant");
    });
    reader->commit([&] { reader->core().admit(home.id()); });
    std::deque<std::string> there, back;
    state.ResumeTiming();
    home.commit([&] { home.replicator().linkUp(reader->id()); });
    reader->commit([&] { reader->replicator().linkUp(home.id()); });
    for (bool more = true; more;) {
      more = deliver(home, *reader, there);
      more = deliver(*reader, home, back) || more;
    }
    state.PauseTiming();
    if (reader->store().feedPart(home.owner(), 0, 2 * kFeed).rows.size() != kFeed) state.SkipWithError("not all has arrived");
    home.commit([&] { home.replicator().linkDown(reader->id()); });
    (void)home.replicator().takeOutput();
    reader.reset();
    state.ResumeTiming();
  }
  per(state, kFeed);
}

// A home whose lists and changes are read; filled once.
Home& listedHome() {
  static Home home(Where::kFile);
  if (home.store().entityCount() == 0) home.fill(kListed);
  return home;
}

void listInPages(benchmark::State& state) {
  Home& home = listedHome();
  for (auto _ : state) {
    int count = 0;
    std::optional<model::Address> after;
    do {
      store::EntityPage page = home.store().entityPage({}, after, {1000});
      count += static_cast<int>(page.rows.size());
      after = page.next;
    } while (after);
    if (count != kListed) state.SkipWithError("not all are listed");
  }
  per(state, kListed);
}

// What an open stream of events reads after each commit, and what it reads that begins far back.
void changesOfOneCommit(benchmark::State& state) {
  Home& home = listedHome();
  uint64_t before = home.store().head().sequence - 1;
  for (auto _ : state) {
    if (home.store().changedSince(before, 256).rows.size() != 1) state.SkipWithError("not one is told");
  }
  per(state, 1);
}

void changesFromTheBeginning(benchmark::State& state) {
  Home& home = listedHome();
  for (auto _ : state) {
    int count = 0;
    uint64_t after = 0;
    for (bool more = true; more;) {
      store::Page<store::EntityRow> page = home.store().changedSince(after, 256);
      count += static_cast<int>(page.rows.size());
      after = page.rows.back().sequence;
      more = page.more;
    }
    if (count != kListed) state.SkipWithError("not all are told");
  }
  per(state, kListed);
}

BENCHMARK(parseBulkLine)->Name("parse_bulk_line");
BENCHMARK(canonicalFormAndHash)->Name("canonical_form_and_hash");
BENCHMARK(encodeVersion)->Name("encode_version");
BENCHMARK(decodeAndCheckVersion)->Name("decode_and_check_version");
BENCHMARK(mergeView)->Name("merge_view_of_two_siblings_with_20_fields");
BENCHMARK_CAPTURE(writeGroup, m, Where::kMemory)->Name("write_of_1000_in_memory");
BENCHMARK_CAPTURE(writeGroup, f, Where::kFile)->Name("write_of_1000_on_disk")->UseRealTime();
BENCHMARK_CAPTURE(joinGroup, m, Where::kMemory)->Name("join_of_1000_in_memory");
BENCHMARK_CAPTURE(joinGroup, f, Where::kFile)->Name("join_of_1000_on_disk")->UseRealTime();
BENCHMARK_CAPTURE(feedToNewHome, m, Where::kMemory)->Name("feed_of_10000_in_memory")->Iterations(5);
BENCHMARK_CAPTURE(feedToNewHome, f, Where::kFile)->Name("feed_of_10000_on_disk")->Iterations(5)->UseRealTime();
BENCHMARK(listInPages)->Name("list_of_100000_in_pages_of_1000");
BENCHMARK(changesOfOneCommit)->Name("changes_of_one_commit_of_100000");
BENCHMARK(changesFromTheBeginning)->Name("changes_of_100000_from_the_beginning");

class OneLineAFigure : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      std::string name = run.run_name.function_name;
      if (run.error_occurred) {
        std::fprintf(stderr, "parts: %s: %s\n", name.c_str(), run.error_message.c_str());
        failed = true;
        continue;
      }
      double each = run.counters.at("items_per_second");
      std::printf("{\"figure\":\"part\",\"part\":\"%s\",\"ns\":%.0f,\"per_s\":%.0f,\"iterations\":%lld}\n",
                  name.c_str(), 1e9 / each, each, static_cast<long long>(run.iterations));
      std::fflush(stdout);
    }
  }
  bool failed = false;
};

}  // namespace
}  // namespace hearthgate::bench

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  hearthgate::bench::OneLineAFigure reporter;
  size_t ran = benchmark::RunSpecifiedBenchmarks(&reporter);
  return ran == 0 || reporter.failed ? 1 : 0;
}
