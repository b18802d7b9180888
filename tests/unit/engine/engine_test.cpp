// Group commit: what is one commit, when it is answered, and what a failed one leaves.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <thread>

#include "engine/tuning.h"
#include "sim/home.h"
#include "support/eventually.h"
#include "unit/model/histories.h"
#include "unit/store/faulty_disk.h"

namespace hearthgate::engine {
namespace {

using model::home;

class Committing : public ::testing::Test {
 protected:
  Committing() {
    std::string pattern = ::testing::TempDir() + "hearthgate-engine-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~Committing() override {
    engine.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string path() const { return folder_ + "/hearthgate.db"; }
  void start(int64_t commit_interval_ms = 0) {
    auto store = store::Store::open(path(), store::Durability::kNormal);
    ASSERT_TRUE(store.ok());
    settings.home = home(1);
    settings.ownerTag = [](const ContentHash&) { return model::OwnerTag{}; };
    // So much is kept that the tests see all that was written.
    settings.retention = {1'000'000, 90, 1'000'000};
    engine = std::make_unique<Engine>(std::move(*store), clock, random, settings, commit_interval_ms);
    // Retention commits too, some seconds after the start.
    engine->addHooks({[this](Core&) {
                        if (works > 0) works_before_commit.push_back(works);
                      },
                      [this](Core&) {
                        if (works > 0) groups.push_back(std::exchange(works, 0));
                      },
                      [this](Core&, const Error& error) {
                        failures.push_back(error.code);
                        works = 0;
                      }});
    Status started = engine->start([](Core& core) { core.started(false); });
    ASSERT_TRUE(started.ok()) << started.error().message;
  }
  // A PUT of one field.
  static Result<Written> put(Core& core, const std::string& id, const std::string& json = "{\"n\":1}") {
    WriteOrder order;
    order.address = {core.me(), id};
    order.fields = *model::parseJson(json, 32);
    core.beginChange(home(1), "test", "write");
    auto written = core.write(order);
    core.endChange();
    return written;
  }
  Engine::Work putting(const std::string& id) {
    return [this, id](Core& core) {
      ++works;
      EXPECT_TRUE(put(core, id).ok());
    };
  }
  // Keeps the engine's thread busy until the end, so that what is submitted meanwhile is queued together.
  class Busy {
   public:
    explicit Busy(Engine& engine) {
      // The engine's thread may look at the end only after this object is gone.
      auto began = std::make_shared<std::promise<void>>();
      auto end = std::make_shared<std::future<void>>(end_.get_future());
      engine.after(0, [began, end] {
        began->set_value();
        end->wait();
      });
      began->get_future().wait();
    }
    ~Busy() { end_.set_value(); }

   private:
    std::promise<void> end_;
  };
  static std::string contentOf(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::unique_ptr<store::Reader> reader() const { return std::move(*store::Store::openReader(path())); }
  // Until everything that was queued is answered.
  void settle() {
    (void)engine->run([](Core&) {});
  }

  std::string folder_;
  sim::FakeClock clock;
  sim::SeededRandom random{3};
  CoreSettings settings;
  std::unique_ptr<Engine> engine;
  // Engine's thread, read by the test when it stands still.
  size_t works = 0;
  std::vector<size_t> groups;
  std::vector<size_t> works_before_commit;
  std::vector<std::string> failures;
};

TEST_F(Committing, TakesAllThatIsQueuedAsOneCommitAndAnswersAfterIt) {
  start();
  auto other = reader();
  std::vector<size_t> commits_at_answer;
  size_t seen = 0;
  {
    Busy busy(*engine);
    for (int n = 0; n < 200; ++n) {
      std::string id = "light.n" + std::to_string(n);
      engine->submit(putting(id), [&, id](const Status& status) {
        EXPECT_TRUE(status.ok());
        commits_at_answer.push_back(groups.size());
        // Durable and visible to everybody by now.
        seen += other->entity({engine->core().me(), id}).has_value();
      });
    }
  }
  settle();
  EXPECT_EQ(groups.at(0), 200u);
  EXPECT_EQ(works_before_commit.at(0), 200u);
  EXPECT_EQ(commits_at_answer, std::vector<size_t>(200, 1));
  EXPECT_EQ(seen, 200u);
}

TEST_F(Committing, TakesAThousandPiecesOfWorkAtMostInTheirOrder) {
  start();
  std::vector<int> order;
  {
    Busy busy(*engine);
    for (int n = 0; n < 2500; ++n) {
      engine->submit(
          [this, &order, n](Core& core) {
            ++works;
            order.push_back(n);
            core.event("test", "{}");
          },
          {});
    }
  }
  settle();
  size_t all = 0;
  for (size_t group : groups) {
    EXPECT_LE(group, kMaxGroup);
    all += group;
  }
  EXPECT_EQ(all, 2500u);
  EXPECT_EQ(groups.at(0), kMaxGroup);
  EXPECT_EQ(groups.at(1), kMaxGroup);
  ASSERT_EQ(order.size(), 2500u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(Committing, StopsTakingAtAMebibyte) {
  start();
  {
    Busy busy(*engine);
    for (int n = 0; n < 10; ++n) engine->submit(putting("light.n" + std::to_string(n)), {}, 300 << 10);
    engine->submit(putting("light.large"), {}, 100 << 20);
    engine->submit(putting("light.small"), {}, 1);
  }
  settle();
  // 4 x 300 KiB is the first sum of at least 1 MiB; what is larger than the limit alone is a commit all the same.
  ASSERT_GE(groups.size(), 4u);
  EXPECT_EQ(groups[0], 4u);
  EXPECT_EQ(groups[1], 4u);
  EXPECT_EQ(groups[2], 3u);
  EXPECT_EQ(groups[3], 1u);
  EXPECT_EQ(reader()->entityCount(), 12u);
}

TEST_F(Committing, FailsAllOfACommitThatFailsAndForgetsWhatItDid) {
  start();
  ASSERT_TRUE(engine->run(putting("light.before")).ok());
  model::Dot last;
  ASSERT_TRUE(engine->run([&](Core& core) {
                      last = core.store().entity({core.me(), "light.before"})->siblings[0].dot;
                    })
                  .ok());
  uint64_t sequence = engine->sequence();
  std::vector<std::string> codes;
  {
    Busy busy(*engine);
    auto answer = [&](const Status& status) { codes.push_back(status.ok() ? "ok" : status.error().code); };
    for (int n = 0; n < 5; ++n) engine->submit(putting("light.n" + std::to_string(n)), answer);
    engine->submit(
        [](Core& core) {
          core.store().addEvent({1, "twice", "{}"});
          core.store().addEvent({1, "twice", "{}"});
        },
        answer);
    for (int n = 5; n < 9; ++n) {
      // Within a transaction that has failed everything reads as empty, and the answer is that of the commit.
      engine->submit([n](Core& core) { (void)put(core, "light.n" + std::to_string(n)); }, answer);
    }
  }
  settle();
  EXPECT_EQ(codes, std::vector<std::string>(10, "storage_failed"));
  EXPECT_EQ(failures, std::vector<std::string>{"storage_failed"});
  EXPECT_EQ(engine->sequence(), sequence);
  EXPECT_EQ(reader()->entityCount(), 1u);
  // No counter, feed number or change number was used up.
  ASSERT_TRUE(engine
                  ->run([&](Core& core) {
                    store::Head on_disk = core.store().head();
                    EXPECT_EQ(core.writer().head().sequence, on_disk.sequence);
                    EXPECT_EQ(core.writer().head().change, on_disk.change);
                    EXPECT_TRUE(put(core, "light.after").ok());
                    auto dot = core.store().entity({core.me(), "light.after"})->siblings[0].dot;
                    EXPECT_EQ(dot, (model::Dot{last.replica, last.counter + 1}));
                  })
                  .ok());
  EXPECT_EQ(engine->sequence(), sequence + 1);
}

TEST_F(Committing, SaysThatTheDiskIsFullAndWorksAgainWhenThereIsRoom) {
  store::FaultyDisk disk;
  start();
  for (int64_t moment = 0; moment < 6; ++moment) {
    std::string id = "light.n" + std::to_string(moment);
    disk.failAfter(0, store::FaultyDisk::Fault::kFull);  // A commit is one write.
    Status full = engine->run(putting(id));
    ASSERT_FALSE(full.ok()) << moment;
    EXPECT_EQ(full.error().code, "storage_full");
    // Also what needs no room to be refused.
    EXPECT_EQ(engine->run(putting(id)).error().code, "storage_full");
    disk.mend();
    EXPECT_TRUE(engine->run(putting(id)).ok()) << moment;
  }
  engine
      ->run([](Core& core) {
        EXPECT_EQ(core.store().entityCount(), 6u);
        EXPECT_EQ(core.writer().owner(core.me()).counter, 6u);
      })
      .ok();
  engine.reset();
}

TEST_F(Committing, SaysWhatTheDiskLacksUntilItFindsByItselfThatItWorks) {
  store::FaultyDisk disk;
  start();
  EXPECT_FALSE(engine->storageFault());
  disk.failAfter(0, store::FaultyDisk::Fault::kBroken);
  ASSERT_FALSE(engine->run(putting("light.a")).ok());
  ASSERT_TRUE(engine->storageFault());
  EXPECT_EQ(engine->storageFault()->code, "storage_failed");
  int64_t tries = disk.refused();
  ASSERT_TRUE(testing::eventually([&] { return disk.refused() > tries; }));
  EXPECT_TRUE(engine->storageFault()) << "it was tried, and is as it was";
  disk.mend();
  EXPECT_TRUE(testing::eventually([&] { return !engine->storageFault(); }));
  EXPECT_TRUE(engine->run(putting("light.a")).ok());
  // At once where somebody writes first.
  disk.failAfter(0, store::FaultyDisk::Fault::kFull);
  ASSERT_FALSE(engine->run(putting("light.b")).ok());
  EXPECT_EQ(engine->storageFault()->code, "storage_full");
  disk.mend();
  ASSERT_TRUE(engine->run(putting("light.b")).ok());
  EXPECT_FALSE(engine->storageFault());
  engine.reset();
}

TEST_F(Committing, TellsOfEachCommitThatItCouldNotEvenBegin) {
  store::FaultyDisk disk;
  start();
  ASSERT_TRUE(engine->run(putting("light.a")).ok());
  disk.failAfter(0, store::FaultyDisk::Fault::kBroken);
  disk.failReads();
  bool ran = false;
  EXPECT_FALSE(engine->run(putting("light.b")).ok());
  EXPECT_EQ(failures.size(), 1u);
  EXPECT_FALSE(engine->run([&](Core&) { ran = true; }).ok());
  EXPECT_FALSE(ran) << "on what could not be read";
  EXPECT_EQ(failures.size(), 2u) << "who counts on that work was not told that it was lost";
  EXPECT_TRUE(engine->storageFault());
  disk.mend();
  EXPECT_TRUE(engine->run(putting("light.b")).ok());
  EXPECT_EQ(failures.size(), 2u);
  engine.reset();
}

TEST_F(Committing, LetsHooksWriteIntoTheCommitThatTheyPrecede) {
  start();
  std::vector<std::string> told;
  engine->addHooks({[&](Core& core) {
                      told.push_back("before");
                      core.store().setMeta("hook", std::to_string(core.store().entityCount()));
                    },
                    [&](Core&) { told.push_back("committed " + reader()->meta("hook")); },
                    [&](Core&, const Error& error) { told.push_back("failed " + error.code); }});
  ASSERT_TRUE(engine->run(putting("light.a")).ok());
  EXPECT_FALSE(engine
                   ->run([](Core& core) {
                     core.store().addEvent({1, "twice", "{}"});
                     core.store().addEvent({1, "twice", "{}"});
                   })
                   .ok());
  EXPECT_EQ(told, (std::vector<std::string>{"before", "committed 1", "before", "failed storage_failed"}));
}

TEST_F(Committing, WaitsForAnIntervalWhenItIsTold) {
  constexpr int64_t kIntervalMs = 60;
  start(kIntervalMs);
  auto begin = std::chrono::steady_clock::now();
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(engine->run(putting("light.n" + std::to_string(n))).ok());
  auto took = std::chrono::steady_clock::now() - begin;
  // Each waited for its own commit, and no two of these are closer than the interval.
  EXPECT_GE(took, std::chrono::milliseconds(4 * kIntervalMs));
  EXPECT_EQ(groups, std::vector<size_t>(5, 1));
  // What comes in the meantime goes along.
  std::atomic<int> answered{0};
  for (int n = 0; n < 50; ++n) {
    engine->submit(putting("light.n" + std::to_string(n)), [&](const Status& status) { answered += status.ok(); });
  }
  settle();
  EXPECT_EQ(answered, 50);
  EXPECT_LE(groups.size(), 10u);
}

TEST_F(Committing, AnswersEverythingThatWasQueuedBeforeItStops) {
  start();
  std::vector<std::string> answers;
  std::promise<void> go;
  std::future<void> gone = go.get_future();
  engine->after(0, [&] { gone.wait(); });
  for (int n = 0; n < 1500; ++n) {
    ASSERT_TRUE(engine->submit(
        [this](Core& core) {
          ++works;
          core.event("test", "{}");
        },
        [&](const Status& status) { answers.push_back(status.ok() ? "ok" : status.error().code); }));
  }
  std::thread stopper([&] { engine->stop(); });
  go.set_value();
  stopper.join();
  EXPECT_EQ(answers, std::vector<std::string>(1500, "ok"));
  EXPECT_FALSE(engine->submit([](Core&) { FAIL() << "ran after the stop"; }, {}));
  EXPECT_EQ(engine->run([](Core&) {}).error().code, "stopping");
  EXPECT_EQ(reader()->events(0, 10'000).size(), 1500u);
  // A clean stop leaves no log.
  engine.reset();
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
}

// What is no longer shared with this home stands neither in the file nor in its log, once nobody reads the older state.
class Overwriting : public Committing {
 protected:
  std::string bytes() const { return contentOf(path()) + contentOf(path() + "-wal"); }
  bool secretIsThere() const { return bytes().find(kSecret) != std::string::npos; }
  bool waits() const { return !reader()->meta("contents_gone").empty(); }

  void tell(uint64_t number, model::Access access) {
    model::Rules rules;
    rules.number = number;
    rules.lists = {{{"light.*", access, {}}}};
    ASSERT_TRUE(engine->run([&](Core& core) { core.receiveRules(kOwner, rules); }).ok());
  }
  void receiveSecrets() {
    tell(1, model::Access::kRead);
    model::Writer writer{2};
    for (int n = 0; n < 50; ++n) {
      std::string text = kSecret + std::string(static_cast<size_t>(n * 20), 'x');
      model::Version version = writer.put({}, {}, "{\"n\":\"" + text + "\"}");
      std::string id = "light.n" + std::to_string(n % 7);
      ASSERT_TRUE(engine->run([&](Core& core) { core.join({kOwner, id}, "state", {version}); }).ok());
    }
  }
  void untilDone() {
    EXPECT_TRUE(testing::eventually([&] { return !waits(); }, 30'000));
  }

  const model::OwnerId kOwner{home(2)};
  const std::string kSecret = "content that was shared once";
};

TEST_F(Overwriting, WaitsForReadersAndIsNotForgottenByAStart) {
  start();
  receiveSecrets();
  auto reading = reader();
  reading->beginRead();
  EXPECT_NE(reading->entity(model::Address{kOwner, "light.n1"}), std::nullopt);
  EXPECT_TRUE(secretIsThere());
  tell(2, model::Access::kNone);
  EXPECT_TRUE(waits());
  EXPECT_TRUE(secretIsThere());
  engine.reset();
  EXPECT_TRUE(secretIsThere());
  start();
  reading->endRead();
  untilDone();
  EXPECT_FALSE(secretIsThere());
  EXPECT_EQ(reader()->entity(model::Address{kOwner, "light.n1"})->state, store::EntityState::kNoLongerShared);
  settle();
  EXPECT_TRUE(failures.empty());
}

TEST_F(Overwriting, LeavesALargeFileAsItIs) {
  settings.overwrite_most_bytes = 1;
  start();
  receiveSecrets();
  tell(2, model::Access::kNone);
  untilDone();
  EXPECT_EQ(reader()->entity(model::Address{kOwner, "light.n1"})->siblings.size(), 0u);
  EXPECT_TRUE(secretIsThere()) << "the limit stops nothing";
}

TEST_F(Committing, DoesNotStartWithWhatCannotBeStored) {
  auto store = store::Store::open(path(), store::Durability::kNormal);
  ASSERT_TRUE(store.ok());
  settings.home = home(1);
  Engine failing(std::move(*store), clock, random, settings);
  Status started = failing.start([](Core& core) {
    core.store().addEvent({1, "twice", "{}"});
    core.store().addEvent({1, "twice", "{}"});
  });
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, "storage_failed");
  failing.stop();
  EXPECT_EQ(reader()->owners().size(), 0u);
}

TEST_F(Committing, KeepsTheOrderOfEachThreadThatSubmits) {
  start();
  constexpr int kThreads = 4, kEach = 300;
  std::vector<std::vector<int>> ran(kThreads);
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < kEach; ++n) {
        EXPECT_TRUE(engine->submit(
            [&, t, n](Core& core) {
              ran[static_cast<size_t>(t)].push_back(n);
              EXPECT_TRUE(put(core, "light.t" + std::to_string(t), "{\"n\":" + std::to_string(n) + "}").ok());
            },
            [&](const Status& status) { answered += status.ok(); }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  settle();
  EXPECT_EQ(answered, kThreads * kEach);
  auto other = reader();
  for (size_t t = 0; t < kThreads; ++t) {
    EXPECT_EQ(ran[t].size(), static_cast<size_t>(kEach));
    EXPECT_TRUE(std::is_sorted(ran[t].begin(), ran[t].end()));
    auto row = other->entity({model::OwnerId(home(1)), "light.t" + std::to_string(t)});
    ASSERT_TRUE(row);
    EXPECT_EQ(row->siblings.front().fields, "{\"n\":" + std::to_string(kEach - 1) + "}");
    EXPECT_EQ(other->history(row->n, 10'000).size(), static_cast<size_t>(kEach));
  }
}

}  // namespace
}  // namespace hearthgate::engine
