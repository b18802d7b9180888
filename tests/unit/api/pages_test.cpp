// Lists, events and status of a home with large documents: each answer holds a few of them, and all of them come.
#include <set>

#include "api/tuning.h"
#include "unit/api/stream_reader.h"

namespace hearthgate::api {

class LargeDocuments : public ServedHome {
 protected:
  static constexpr int kDocuments = 60;
  // The one that brings a page to 4 MiB is in it.
  static constexpr size_t kInAPage = 5;

  static std::string document(int n) {
    return "{\"n\":" + std::to_string(n) + ",\"x\":\"" + std::string(1'000'000, 'x') + "\"}";
  }
  static std::string id(int n) { return "n.i" + std::to_string(100 + n); }
  void fill() {
    for (int n = 0; n < kDocuments; ++n) ASSERT_EQ(put(id(n), document(n)).status, 201);
  }
  // The texts of the member of all items, and that no page has more than `most`.
  std::vector<std::string> all(const std::string& path, const std::string& member, size_t most) {
    std::vector<std::string> found;
    std::string after;
    do {
      Got page = get(path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=1000" + after);
      EXPECT_EQ(page.status, 200) << page.body.substr(0, 1000);
      const auto& items = page.json_at("items").items;
      EXPECT_FALSE(items.empty());
      EXPECT_LE(items.size(), most);
      for (size_t i = 0; i < items.size(); ++i) found.push_back(page.at("items." + std::to_string(i) + "." + member));
      after = page.json_at("next").isNull() ? "" : "&after=" + page.at("next");
    } while (!after.empty() && found.size() < 1000);
    return found;
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> all;
    for (int n = 0; n < kDocuments; ++n) all.push_back(id(n));
    return all;
  }
};

TEST_F(LargeDocuments, AreListedAFewAtATime) {
  fill();
  EXPECT_EQ(all("/entities", "id", kInAPage), ids());
  // A reader of small pages gets what it asks for.
  EXPECT_EQ(get("/entities?limit=2").json_at("items").items.size(), 2u);
}

TEST_F(LargeDocuments, HaveAHistoryOfAFewAtATime) {
  std::vector<std::string> written;
  for (int n = 0; n < 12; ++n) written.insert(written.begin(), put("a.b", document(n)).at("version.id"));
  EXPECT_EQ(all("/entities/a.b/history", "version", kInAPage), written);
}

TEST_F(LargeDocuments, InConflictAreListedAFewAtATime) {
  HomeId city = pair("City");
  model::OwnerId owner(identity_->home());
  std::string begin = get("/status").at("feed.epoch") + "-0";
  std::vector<std::string> names;
  for (int n = 0; n < 8; ++n) {
    names.insert(names.begin(), id(n) + "@" + me());
    ASSERT_EQ(ask("PUT", "/entities/" + id(n), R"({"strategy":"user-choice","fields":)" + document(n) + "}").status,
              201);
    receiveVersion({owner, id(n)}, city, document(n + 100), 1'000);
  }
  EXPECT_EQ(all("/conflicts", "entity", 3), names);
  // Their events come in the order of their numbers, however many a batch holds.
  StreamReader stream(server_->port(), token_, "?types=entity,conflict", begin);
  stream.next();
  uint64_t last = 0;
  std::set<std::string> entities, conflicts;
  while (entities.size() < names.size() || conflicts.size() < names.size()) {
    auto event = stream.next();
    ASSERT_FALSE(stream.ended());
    ASSERT_GT(StreamReader::numberOf(event.id), last);
    last = StreamReader::numberOf(event.id);
    if (event.type == "entity") entities.insert(event.at("id"));
    if (event.type == "conflict") conflicts.insert(event.at("entity"));
  }
}

TEST_F(LargeDocuments, AreToldToAStreamInLittleMemory) {
  std::string begin = get("/status").at("feed.epoch") + "-0";
  fill();
  PeakMemory peak;
  StreamReader stream(server_->port(), token_, "?types=entity", begin);
  stream.next();
  for (int n = 0; n < kDocuments; ++n) {
    auto event = stream.next();
    ASSERT_EQ(event.at("id"), id(n));
    ASSERT_EQ(event.at("fields.n"), std::to_string(n));
  }
  EXPECT_LT(peak.grownMiB(), size_t{40});
  put("a.last", "{}");
  EXPECT_EQ(stream.next().at("id"), "a.last");
}

TEST_F(LargeDocuments, AreLookedAtForTheStatusInLittleMemory) {
  fill();
  PeakMemory peak;
  ASSERT_EQ(get("/status").status, 200);
  EXPECT_LT(peak.grownMiB(), size_t{40});
}

// What the engine does with all of a home's entities, or all versions of one.
TEST_F(LargeDocuments, AreLookedThroughByTheEngineInLittleMemory) {
  fill();
  HomeId city = pair("City");
  model::OwnerId owner(city);
  receive(city, "*", model::Access::kWrite);
  for (int n = 0; n < kDocuments; ++n) receiveVersion({owner, id(n)}, city, document(n), 1'000);
  for (int n = 0; n < kDocuments; ++n) put("a.b", document(n));
  {
    PeakMemory peak;
    receive(city, "n.*", model::Access::kWrite);
    EXPECT_LT(peak.grownMiB(), size_t{24}) << "rules";
  }
  {
    PeakMemory peak;
    onEngine([](engine::Core& core) {
      ASSERT_TRUE(core.setStrategy({model::StrategyRow::Scope::kKind, "state", "merge"}).ok());
    });
    EXPECT_LT(peak.grownMiB(), size_t{24}) << "a strategy";
  }
  {
    PeakMemory peak;
    receiveVersion({model::OwnerId(identity_->home()), "a.b"}, city, R"({"x":2})", 1'000);
    EXPECT_LT(peak.grownMiB(), size_t{24}) << "a conflict";
  }
}

TEST_F(LargeDocuments, OfManySmallOnesAFilterLooksAtSoManyAtATime) {
  std::string lines;
  for (size_t n = 0; n <= kMaxScannedRows; ++n) {
    std::string kind = n == kMaxScannedRows ? "scene" : "state";
    lines += "{\"id\":\"n.i" + std::to_string(100'000 + n) + "\",\"kind\":\"" + kind + "\",\"fields\":{}}\n";
  }
  ASSERT_EQ(bulk(lines).at("accepted"), std::to_string(kMaxScannedRows + 1));
  for (const char* filter : {"kind=scene", "conflicted=true", "shared=true"}) {
    Got first = get(std::string("/entities?") + filter);
    EXPECT_EQ(first.at("items"), "[]") << filter;
    ASSERT_FALSE(first.json_at("next").isNull()) << filter;
    Got rest = get(std::string("/entities?") + filter + "&after=" + first.at("next"));
    EXPECT_EQ(rest.json_at("items").items.size(), std::string(filter) == "kind=scene" ? 1u : 0u) << filter;
    EXPECT_TRUE(rest.json_at("next").isNull()) << filter;
  }
}

}  // namespace hearthgate::api
