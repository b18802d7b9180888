#include "daemon/entity_access.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <mutex>

#include "sim/home.h"
#include "support/eventually.h"

namespace hearthgate::daemon {
namespace {

using hearthgate::testing::eventually;

class EntitiesForPlugins : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("hearthgate-daemon-" + systemRandom().id<ReplicaId>().text());
    std::filesystem::create_directories(folder_);
    std::string path = (folder_ / "hearthgate.db").string();
    auto store = store::Store::open(path, store::Durability::kFull);
    ASSERT_TRUE(store.ok()) << store.error().message;
    engine::CoreSettings settings;
    settings.home = home_;
    settings.ownerTag = [](const ContentHash&) { return model::OwnerTag{}; };
    engine_ = std::make_unique<engine::Engine>(std::move(*store), clock_, random_, std::move(settings));
    readers_ = std::make_unique<api::ReaderPool>(path);
    entities_ = std::make_unique<EngineEntities>(*engine_, *readers_, home_, "latest-wins");
    entities_->attach();
    ASSERT_TRUE(engine_->start([](engine::Core& core) { core.started(false); }).ok());
  }
  void TearDown() override {
    entities_->stop();
    engine_->stop();
    std::filesystem::remove_all(folder_);
  }

  // Writes `light.0` and so on, each with the number of the write.
  void write(int entities) {
    ASSERT_TRUE(engine_
                    ->run([&](engine::Core& core) {
                      core.beginChange(home_, "test", "write");
                      for (int n = 0; n < entities; ++n) {
                        engine::WriteOrder order;
                        order.address = {core.me(), "light." + std::to_string(n)};
                        order.fields = *model::parseJson(
                            "{\"n\":" + std::to_string(++writes_) + ",\"text\":\"" + std::string(1'000, 'x') + "\"}",
                            8);
                        ASSERT_TRUE(core.write(order).ok());
                      }
                      core.endChange();
                    })
                    .ok());
  }
  // Until all that was written before was looked at for subscribers.
  void settle() {
    std::promise<void> written;
    entities_->write("test", {"other.x", "other", sdk::EntityWrite::How::kReplace, "{}"},
                     [&](const Result<sdk::Entity>&) { written.set_value(); });
    written.get_future().wait();
  }
  static int numberOf(const sdk::Entity& entity) {
    return std::stoi(entity.fields_json.substr(std::string(R"({"n":)").size()));
  }

  std::filesystem::path folder_;
  HomeId home_ = sim::Home("A", 1).id();
  sim::FakeClock clock_;
  sim::SeededRandom random_{3};
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<api::ReaderPool> readers_;
  std::unique_ptr<EngineEntities> entities_;
  int writes_ = 0;
};

TEST_F(EntitiesForPlugins, GiveOnePartUntilMoreIsAskedForAndThenEachEntityAsItStands) {
  constexpr int kEntities = 2'000;
  constexpr int kRounds = 50;
  std::mutex mutex;
  std::vector<std::vector<sdk::Entity>> parts;
  uint64_t subscription = entities_->subscribe({"state"}, [&](std::vector<sdk::Entity> changes) {
    std::lock_guard lock(mutex);
    parts.push_back(std::move(changes));
  });
  auto given = [&] {
    std::lock_guard lock(mutex);
    return parts.size();
  };
  write(1);
  ASSERT_TRUE(eventually([&] { return given() == 1; }));
  for (int round = 0; round < kRounds; ++round) write(kEntities);
  settle();
  ASSERT_EQ(given(), 1u) << "nothing piles up at one that is slow";
  int last = 1 + kEntities * (kRounds - 1);
  size_t seen = 0;
  while (seen < kEntities) {
    size_t before = given();
    entities_->more(subscription);
    ASSERT_TRUE(eventually([&] { return given() > before; }));
    std::lock_guard lock(mutex);
    ASSERT_EQ(parts.size(), before + 1);
    for (const sdk::Entity& entity : parts.back()) {
      ++seen;
      EXPECT_EQ(numberOf(entity), ++last) << "each once, the last state of it, in order";
    }
  }
  EXPECT_EQ(seen, size_t{kEntities});
  entities_->more(subscription);
  settle();
  EXPECT_EQ(given() * 500, 500 + size_t{kEntities}) << "and nothing when nothing has changed";
  write(1);
  EXPECT_TRUE(eventually([&] { return given() * 500 == 1'000 + size_t{kEntities}; }))
      << "then as soon as something does";
  entities_->unsubscribe(subscription);
}

}  // namespace
}  // namespace hearthgate::daemon
