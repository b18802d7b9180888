// Who is blamed when the process ends, and for how long (crash_watch.h). The crashes happen in children.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "base/log.h"
#include "plugin_host/crash_watch.h"
#include "plugin_host/plugin_host.h"
#include "plugin_host/running_plugin.h"
#include "unit/plugin_host/fake_services.h"
#include "unit/plugin_host/sample_files.h"

namespace hearthgate::plugin_host {
namespace {

// A fault of the gateway, in a call that a plugin makes.
class CrashingEntities final : public EntityAccess {
 public:
  Result<sdk::Entity> read(std::string_view) override { std::abort(); }
  void write(std::string_view, sdk::EntityWrite, Written) override { std::abort(); }
  uint64_t subscribe(std::vector<std::string>, Changed) override { return 1; }
  void more(uint64_t) override {}
  void unsubscribe(uint64_t) override {}
};

class SafeMode : public ::testing::Test {
 protected:
  void SetUp() override { setLogLevel(LogLevel::kOff); }

  PluginHostOptions options(const std::string& plugin) {
    PluginHostOptions made;
    made.directories = {folder_.path()};
    made.data_directory = data_.path();
    made.sections = {{plugin, "{}"}};
    made.services = fakes_.services();
    return made;
  }
  // Runs a host with `plugin` in a child until the child crashes or all has started.
  bool crashesInChild(const std::string& plugin, EntityAccess* entities = nullptr) {
    const pid_t child = ::fork();
    if (child == 0) {
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      watchForCrashes();
      PluginHostOptions made = options(plugin);
      if (entities != nullptr) made.services.entities = entities;
      PluginHost host(std::move(made));
      ::_exit(host.startAll().ok() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  }
  PluginStatus statusOf(const std::string& plugin) {
    PluginHost host(options(plugin));
    EXPECT_TRUE(host.startAll().ok());
    return host.list().at(0).status;
  }
  bool has(const std::string& mark) const { return std::filesystem::exists(data_.path() + "/" + mark); }
  void writeCrashes(const std::string& plugin, int count) const {
    std::ofstream(data_.path() + "/crashes-" + plugin) << std::string(static_cast<size_t>(count), 'x');
  }
  static bool waitFor(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  SampleFolder folder_;
  SampleFolder data_;
  FakeServices fakes_;
};

TEST_F(SafeMode, CountsACrashForThePluginWhoseCodeRan) {
  folder_.copy("aborts");
  for (int count = 1; count <= kMaxCrashes; ++count) {
    ASSERT_TRUE(crashesInChild("aborts"));
    EXPECT_EQ(CrashCount::crashes(data_.path(), "aborts"), count);
  }
  EXPECT_EQ(statusOf("aborts"), PluginStatus::kLeftOut);
}

TEST_F(SafeMode, BlamesNoPluginForAFaultOfTheGatewayThatItCalled) {
  folder_.copy("good");
  CrashingEntities entities;
  for (int count = 0; count <= kMaxCrashedStarts; ++count) {
    ASSERT_TRUE(crashesInChild("good", &entities)) << "good reads an entity while it starts";
    EXPECT_EQ(CrashCount::crashes(data_.path(), "good"), 0);
    EXPECT_FALSE(has("starting-good")) << "its start is not what ended the process";
  }
  EXPECT_EQ(statusOf("good"), PluginStatus::kRunning);
}

TEST_F(SafeMode, BlamesNoPluginForACrashOfAnotherThread) {
  folder_.copy("good");
  const pid_t child = ::fork();
  if (child == 0) {
    watchForCrashes();
    PluginHost host(options("good"));
    if (!host.startAll().ok()) ::_exit(1);
    std::abort();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(std::filesystem::is_empty(data_.path()));
}

TEST_F(SafeMode, ForgetsTheCrashesOfAPluginThatRunsWell) {
  folder_.copy("good");
  writeCrashes("good", kMaxCrashes - 1);
  PluginHostOptions made = options("good");
  made.runs_well = std::chrono::milliseconds(1);
  PluginHost host(std::move(made));
  ASSERT_TRUE(host.startAll().ok());
  EXPECT_TRUE(waitFor([this] { return !has("crashes-good"); }));
}

TEST_F(SafeMode, KeepsTheCrashesOfAPluginThatHasNotRunForLong) {
  folder_.copy("good");
  writeCrashes("good", kMaxCrashes - 1);
  EXPECT_EQ(statusOf("good"), PluginStatus::kRunning);
  EXPECT_EQ(CrashCount::crashes(data_.path(), "good"), kMaxCrashes - 1) << "a clean stop proves nothing";
  writeCrashes("good", kMaxCrashes);
  EXPECT_EQ(statusOf("good"), PluginStatus::kLeftOut);
  PluginHost host(options("good"));
  ASSERT_TRUE(host.startAll().ok());
  EXPECT_EQ(host.reload("good").error().code, "plugin_left_out");
  ASSERT_TRUE(host.enable("good").ok());
  EXPECT_FALSE(has("crashes-good"));
}

// TRUST.md T20: exactly the file that was checked is loaded.
TEST_F(SafeMode, LoadsTheFileThatWasCheckedWhenAnotherTakesItsPlace) {
  auto file = openPluginFile(folder_.copy("good"));
  ASSERT_TRUE(file.ok()) << file.error().message;
  folder_.write("good", SampleFolder::bytesOf("throws_start"));
  ::unsetenv("HEARTHGATE_SAMPLE_LOADED_good");
  ::unsetenv("HEARTHGATE_SAMPLE_LOADED_throws_start");
  RunningPlugin plugin(std::move(file).value(), fakes_.services(), data_.path(), [](const std::string&) {});
  const Status started = plugin.start("{}", data_.path() + "/starting-good");
  EXPECT_TRUE(started.ok()) << started.error().message;
  EXPECT_NE(::getenv("HEARTHGATE_SAMPLE_LOADED_good"), nullptr);
  EXPECT_EQ(::getenv("HEARTHGATE_SAMPLE_LOADED_throws_start"), nullptr);
  EXPECT_TRUE(plugin.end([] {}));
}

}  // namespace
}  // namespace hearthgate::plugin_host
