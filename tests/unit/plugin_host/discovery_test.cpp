#include "plugin_host/discovery.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "plugin_host/plugin_dns_sd.h"
#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {
namespace {

using sdk::ServiceChange;
using sdk::ServiceInstance;

constexpr const char* kType = "_hearthgate._tcp";

class ManualClock final : public Clock {
 public:
  int64_t wallMs() override { return now_ms; }
  int64_t steadyMs() override { return now_ms; }
  bool synchronised() override { return true; }
  int64_t now_ms = 0;
};

// What Avahi is to the gateway, told by the test.
class Provider final : public sdk::DnsSd {
 public:
  uint64_t browse(const std::string& type, Heard heard) override {
    browses[++last] = {type, std::move(heard)};
    return last;
  }
  uint64_t announce(sdk::Announcement announcement, Announced announced) override {
    announcements[++last] = {std::move(announcement), std::move(announced)};
    return last;
  }
  void update(uint64_t announcement, std::vector<std::string> txt) override {
    announcements.at(announcement).first.txt = std::move(txt);
  }
  void end(uint64_t number) override {
    browses.erase(number);
    announcements.erase(number);
  }

  void tell(ServiceChange change, const ServiceInstance& instance) {
    const auto all = browses;  // They may end one.
    for (const auto& [number, browse] : all) {
      if (browse.first == instance.type) browse.second(change, instance);
    }
  }

  uint64_t last = 0;
  std::map<uint64_t, std::pair<std::string, Heard>> browses;
  std::map<uint64_t, std::pair<sdk::Announcement, Announced>> announcements;
};

ServiceInstance instance(const std::string& name, const std::string& address = "192.0.2.7") {
  return {kType, name, "eth0", address, 8765, {"v=1"}, false, true};
}

class DiscoveryTest : public ::testing::Test {
 protected:
  void SetUp() override { setLogLevel(LogLevel::kOff); }

  // A line for each thing that was heard: `found city`.
  sdk::DnsSd::Heard into(std::vector<std::string>* lines) {
    return [lines](ServiceChange change, const ServiceInstance& heard) {
      const char* names[] = {"found ", "changed ", "lost "};
      lines->push_back(names[static_cast<int>(change)] + heard.name);
    };
  }

  ManualClock clock_;
  std::vector<std::string> changes_;
  Discovery discovery_{clock_, [this](const Sighting& seen) {
                         changes_.push_back((seen.here ? "here " : "gone ") + seen.instance.name);
                       }};
  std::shared_ptr<Provider> provider_ = std::make_shared<Provider>();
  std::vector<std::string> heard_;
};

TEST_F(DiscoveryTest, WhatIsWantedIsAskedOfEachProvider) {
  discovery_.browse(kType, into(&heard_));
  std::vector<std::string> names;
  const uint64_t announcement = discovery_.announce({kType, "city", 1, {"pair=0"}, ""},
                                                    [&](const sdk::Outcome&, const std::string& name) { names.push_back(name); });
  discovery_.update(announcement, {"pair=1"});
  discovery_.use(provider_);
  ASSERT_EQ(provider_->browses.size(), 1u);
  ASSERT_EQ(provider_->announcements.size(), 1u);
  EXPECT_EQ(provider_->announcements.begin()->second.first.txt, std::vector<std::string>{"pair=1"});
  provider_->announcements.begin()->second.second(sdk::Outcome::success(), "city #2");
  EXPECT_EQ(names, std::vector<std::string>{"city #2"});

  auto next = std::make_shared<Provider>();
  discovery_.drop(provider_);
  discovery_.use(next);
  EXPECT_EQ(next->browses.size(), 1u);
  EXPECT_EQ(next->announcements.size(), 1u);
  discovery_.end(announcement);
  EXPECT_TRUE(next->announcements.empty());
}

TEST_F(DiscoveryTest, WhatIsHeardIsKeptAndTold) {
  discovery_.browse(kType, into(&heard_));
  discovery_.use(provider_);
  clock_.now_ms = 1000;
  provider_->tell(ServiceChange::kFound, instance("beach"));
  clock_.now_ms = 2000;
  EXPECT_EQ(discovery_.list().at(0).last_seen_ms, 2000) << "it is there now";
  provider_->tell(ServiceChange::kLost, instance("beach"));
  clock_.now_ms = 3000;
  const Sighting gone = discovery_.list().at(0);
  EXPECT_FALSE(gone.here);
  EXPECT_EQ(gone.first_seen_ms, 1000);
  EXPECT_EQ(gone.last_seen_ms, 2000);
  EXPECT_EQ(heard_, (std::vector<std::string>{"found beach", "lost beach"}));
  EXPECT_EQ(changes_, (std::vector<std::string>{"here beach", "gone beach"}));
}

TEST_F(DiscoveryTest, TwoThatBrowseForOneTypeMakeOneChange) {
  std::vector<std::string> other;
  discovery_.browse(kType, into(&heard_));
  const uint64_t second = discovery_.browse(kType, into(&other));
  discovery_.use(provider_);
  provider_->tell(ServiceChange::kFound, instance("beach"));
  EXPECT_EQ(heard_, other);
  EXPECT_EQ(changes_.size(), 1u);
  discovery_.end(second);
  provider_->tell(ServiceChange::kLost, instance("beach"));
  EXPECT_EQ(other.size(), 1u);
  EXPECT_EQ(heard_.size(), 2u);
}

TEST_F(DiscoveryTest, AProviderThatGoesTakesWhatItHeardWithIt) {
  discovery_.browse(kType, into(&heard_));
  discovery_.use(provider_);
  provider_->tell(ServiceChange::kFound, instance("beach"));
  discovery_.drop(provider_);
  EXPECT_EQ(heard_, (std::vector<std::string>{"found beach", "lost beach"}));
  EXPECT_FALSE(discovery_.list().at(0).here);
  // What it still says is nobody's word.
  provider_->tell(ServiceChange::kFound, instance("late"));
  EXPECT_EQ(heard_.size(), 2u);
  EXPECT_EQ(discovery_.list().size(), 1u);
}

TEST_F(DiscoveryTest, AProviderThatIsNotInUseTakesNothing) {
  discovery_.browse(kType, into(&heard_));
  discovery_.use(provider_);
  provider_->tell(ServiceChange::kFound, instance("beach"));
  discovery_.drop(std::make_shared<Provider>());
  EXPECT_TRUE(discovery_.list().at(0).here);
}

TEST_F(DiscoveryTest, WhatNobodyBrowsesForIsNotThereAnyMore) {
  const uint64_t number = discovery_.browse(kType, into(&heard_));
  discovery_.use(provider_);
  provider_->tell(ServiceChange::kFound, instance("beach"));
  discovery_.end(number);
  EXPECT_FALSE(discovery_.list().at(0).here);
}

TEST_F(DiscoveryTest, HostileTextsAreFitToBeShownAndStored) {
  discovery_.browse(kType, into(&heard_));
  discovery_.use(provider_);
  ServiceInstance hostile = instance("\x1b[2J\xff");
  hostile.txt = {"name=\xc3\x28\a"};
  provider_->tell(ServiceChange::kFound, hostile);
  const ServiceInstance kept = discovery_.list().at(0).instance;
  EXPECT_EQ(kept.name, "\uFFFD[2J\uFFFD");
  EXPECT_EQ(kept.txt.at(0), "name=\uFFFD(\uFFFD");
  discovery_.drop(provider_);
  EXPECT_EQ(heard_, (std::vector<std::string>{"found " + hostile.name, "lost " + hostile.name}))
      << "who browses has to know it by its own name";
}

TEST_F(DiscoveryTest, AtItsLimitWhatWentFirstGivesWay) {
  discovery_.browse(kType, into(&heard_));
  discovery_.use(provider_);
  for (size_t i = 0; i < kMaxSightings; ++i) {
    clock_.now_ms = static_cast<int64_t>(1000 + i);
    provider_->tell(ServiceChange::kFound, instance("n" + std::to_string(i)));
  }
  provider_->tell(ServiceChange::kLost, instance("n7"));
  clock_.now_ms = 9000;
  provider_->tell(ServiceChange::kLost, instance("n3"));
  provider_->tell(ServiceChange::kFound, instance("more"));
  const auto all = discovery_.list();
  EXPECT_EQ(all.size(), kMaxSightings);
  auto has = [&](const std::string& name) {
    return std::any_of(all.begin(), all.end(), [&](const Sighting& seen) { return seen.instance.name == name; });
  };
  EXPECT_FALSE(has("n7"));
  EXPECT_TRUE(has("n3"));
  EXPECT_TRUE(has("more"));
}

TEST_F(DiscoveryTest, WhatWasHeardBeforeTheStartIsNotThere) {
  Sighting before{instance("beach"), false, 10, 20};
  discovery_.restore({before});
  discovery_.browse(kType, into(&heard_));
  discovery_.use(provider_);
  EXPECT_FALSE(discovery_.list().at(0).here);
  EXPECT_TRUE(heard_.empty());
  clock_.now_ms = 500;
  provider_->tell(ServiceChange::kFound, instance("beach"));
  EXPECT_TRUE(discovery_.list().at(0).here);
  EXPECT_EQ(discovery_.list().at(0).first_seen_ms, 10);
}

// --- a plugin's --------------------------------------------------------------------------------------------------------

class PluginDnsSdTest : public DiscoveryTest {
 protected:
  // The plugin's thread.
  void run() {
    auto due = std::move(tasks_);
    tasks_.clear();
    for (const auto& task : due) task();
  }

  std::vector<std::function<void()>> tasks_;
  PluginDnsSd plugin_{discovery_, [this](std::function<void()> task) { tasks_.push_back(std::move(task)); }};
};

TEST_F(PluginDnsSdTest, HearsOnItsOwnThreadUntilItEnds) {
  discovery_.use(provider_);
  const uint64_t number = plugin_.browse(kType, into(&heard_));
  provider_->tell(ServiceChange::kFound, instance("beach"));
  EXPECT_TRUE(heard_.empty());
  run();
  EXPECT_EQ(heard_.size(), 1u);
  provider_->tell(ServiceChange::kLost, instance("beach"));
  plugin_.end(number);
  run();
  EXPECT_EQ(heard_.size(), 1u) << "what waited is dropped";
  EXPECT_TRUE(provider_->browses.empty());
}

TEST_F(PluginDnsSdTest, EndsOnlyWhatIsItsOwnAndAllOfItWhenThePluginStops) {
  discovery_.use(provider_);
  const uint64_t foreign = discovery_.browse(kType, into(&heard_));
  plugin_.end(foreign);
  EXPECT_EQ(provider_->browses.size(), 1u);
  plugin_.announce({kType, "poi", 80, {}, ""}, [](const sdk::Outcome&, const std::string&) {});
  plugin_.browse("_povpoi._tcp", into(&heard_));
  plugin_.update(foreign, {"not its own"});
  plugin_.close(true);
  EXPECT_EQ(provider_->browses.size(), 1u);
  EXPECT_TRUE(provider_->announcements.empty());
}

TEST_F(PluginDnsSdTest, HasNoMoreThanItsLimit) {
  for (size_t i = 0; i < kMaxServices; ++i) EXPECT_NE(plugin_.browse(kType, into(&heard_)), 0u);
  EXPECT_EQ(plugin_.browse(kType, into(&heard_)), 0u);
  EXPECT_EQ(plugin_.announce({kType, "x", 1, {}, ""}, [](const sdk::Outcome&, const std::string&) {}), 0u);
}

TEST_F(DiscoveryTest, WhatIsNotListedIsToldToWhoBrowsesAlone) {
  discovery_.use(provider_);
  const uint64_t browse = discovery_.browse("_check._tcp", into(&heard_), false);
  ServiceInstance check = instance("check");
  check.type = "_check._tcp";
  provider_->tell(ServiceChange::kFound, check);
  EXPECT_EQ(heard_, std::vector<std::string>{"found check"});
  EXPECT_TRUE(discovery_.list().empty());
  discovery_.end(browse);
  EXPECT_TRUE(provider_->browses.empty());
  EXPECT_TRUE(changes_.empty());
  // A listed browse beside it shows them all the same.
  discovery_.browse("_check._tcp", into(&heard_), false);
  discovery_.browse("_check._tcp", into(&heard_));
  provider_->tell(ServiceChange::kFound, check);
  EXPECT_EQ(changes_, std::vector<std::string>{"here check"});
}

TEST_F(DiscoveryTest, KnowsWhetherAPluginProvidesIt) {
  EXPECT_FALSE(discovery_.provided());
  discovery_.use(provider_);
  EXPECT_TRUE(discovery_.provided());
  discovery_.drop(provider_);
  EXPECT_FALSE(discovery_.provided());
}

}  // namespace
}  // namespace hearthgate::plugin_host
