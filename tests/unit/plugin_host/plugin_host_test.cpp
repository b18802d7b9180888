#include "plugin_host/plugin_host.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>

#include "base/log.h"
#include "support/recording_handler.h"
#include "unit/plugin_host/fake_services.h"
#include "unit/plugin_host/sample_files.h"

namespace hearthgate::plugin_host {
namespace {

class PluginHostTest : public ::testing::Test {
 protected:
  void SetUp() override { setLogLevel(LogLevel::kOff); }

  PluginHostOptions options(const std::map<std::string, std::string>& sections) {
    PluginHostOptions made;
    made.directories = {folder_.path()};
    made.data_directory = data_.path();
    made.sections = sections;
    made.services = fakes_.services();
    made.changed = [this](const PluginInfo& info) {
      {
        std::lock_guard lock(mutex_);
        seen_.push_back(info.name + " " + name(info.status));
      }
      changed_.notify_all();
    };
    return made;
  }
  void begin(const std::map<std::string, std::string>& sections) { beginWith(options(sections)); }
  void beginWith(PluginHostOptions made) {
    host_ = std::make_unique<PluginHost>(std::move(made));
    const Status started = host_->startAll();
    ASSERT_TRUE(started.ok()) << started.error().message;
  }
  PluginInfo info(const std::string& name) {
    for (const PluginInfo& one : host_->list()) {
      if (one.name == name) return one;
    }
    return {};
  }
  bool waitSeen(const std::string& what) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return std::find(seen_.begin(), seen_.end(), what) != seen_.end(); });
  }
  // Starts the sample alone and gives its error's code.
  std::string startError(const std::string& sample) {
    folder_.copy(sample);
    begin({{sample, "{}"}});
    EXPECT_NE(info(sample).error.message.find(sample), std::string::npos) << info(sample).error.message;
    return info(sample).error.code;
  }

  SampleFolder folder_;
  SampleFolder data_;
  FakeServices fakes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
  std::unique_ptr<PluginHost> host_;
};

TEST_F(PluginHostTest, TakesAPluginThroughItsWholeLife) {
  folder_.copy("good");
  begin({{"good", R"({"colour":"red"})"}});
  EXPECT_EQ(info("good").status, PluginStatus::kRunning);
  EXPECT_EQ(info("good").version, "1.2.3");
  EXPECT_EQ(info("good").roles, std::vector<std::string>{"bridge"});
  EXPECT_TRUE(info("good").error.code.empty());
  ASSERT_TRUE(fakes_.state.waitFor("good", "posted"));
  host_.reset();
  const std::string life = fakes_.state.life("good");
  EXPECT_EQ(life.rfind("create\nconfigure {\"colour\":\"red\"}\nstart\n", 0), 0u) << life;
  EXPECT_TRUE(life.ends_with("stop\ndestroy\n")) << life;
  EXPECT_EQ(life.find("cancelled"), std::string::npos);
  EXPECT_EQ(life.find("not asked for"), std::string::npos);
}

TEST_F(PluginHostTest, RunsOnlyWhatSomebodyWants) {
  folder_.copy("good");
  begin({});
  EXPECT_EQ(info("good").status, PluginStatus::kDisabled);
  EXPECT_EQ(info("good").version, "1.2.3") << "it is described all the same";
  EXPECT_EQ(fakes_.state.life("good"), "");
  PluginHostOptions by_default = options({});
  by_default.enabled_by_default = {"good"};
  beginWith(std::move(by_default));
  EXPECT_EQ(info("good").status, PluginStatus::kRunning);
}

TEST_F(PluginHostTest, KeepsTheAdminsWishOverRestarts) {
  folder_.copy("good");
  begin({});
  ASSERT_TRUE(host_->enable("good").ok());
  EXPECT_EQ(info("good").status, PluginStatus::kRunning);
  begin({});
  EXPECT_EQ(info("good").status, PluginStatus::kRunning);
  ASSERT_TRUE(host_->disable("good").ok());
  EXPECT_EQ(info("good").status, PluginStatus::kDisabled);
  begin({{"good", "{}"}});
  EXPECT_EQ(info("good").status, PluginStatus::kDisabled) << "the admin's word is later than the file's";
  EXPECT_EQ(host_->reload("good").error().code, "plugin_disabled");
  EXPECT_EQ(host_->enable("nothing").error().code, "plugin_not_found");
  EXPECT_EQ(host_->disable("nothing").error().code, "plugin_not_found");
}

TEST_F(PluginHostTest, NamesThePluginsThereAreWhenOneIsNot) {
  folder_.copy("good");
  folder_.copy("rude");
  host_ = std::make_unique<PluginHost>(options({{"god", "{}"}}));
  const Status started = host_->startAll();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, "unknown_plugin");
  EXPECT_NE(started.error().message.find("good, rude"), std::string::npos) << started.error().message;
}

TEST_F(PluginHostTest, HasNoPluginsUnderTheDataDirectory) {
  PluginHostOptions made = options({});
  made.directories = {data_.path() + "/plugins"};
  host_ = std::make_unique<PluginHost>(std::move(made));
  EXPECT_EQ(host_->startAll().error().code, "plugin_unsafe_file");
}

TEST_F(PluginHostTest, GivesEntitiesOfDeclaredKindsOnly) {
  folder_.copy("good");
  begin({{"good", "{}"}});
  ASSERT_TRUE(fakes_.state.waitFor("good", "written state.mine"));
  ASSERT_TRUE(fakes_.state.waitFor("good", "refused kind_not_declared"));
  EXPECT_TRUE(fakes_.state.waitFor("good", R"(read state.known: {"x":1})"));
  EXPECT_TRUE(fakes_.state.waitFor("good", "read state.secret: entity_not_found"));
  EXPECT_EQ(fakes_.entities.writes(), std::vector<std::string>{"good:state.mine"});
  EXPECT_EQ(fakes_.entities.kinds(), std::vector<std::string>{"state"});
  fakes_.entities.tell({"secret.one", "secret", "{}", "v", false});
  fakes_.entities.tell({"state.one", "state", R"({"y":2})", "v", false});
  ASSERT_TRUE(fakes_.state.waitFor("good", R"(changed state.one{"y":2})"));
  EXPECT_EQ(fakes_.state.life("good").find("secret.one"), std::string::npos);
  EXPECT_TRUE(fakes_.entities.waitForTaken(2)) << "it asks for more when a part is told";
  EXPECT_EQ(fakes_.entities.subscriptions(), 1u);
  host_.reset();
  EXPECT_EQ(fakes_.entities.subscriptions(), 0u);
}

TEST_F(PluginHostTest, DropsAnswersThatComeAfterTheUnload) {
  folder_.copy("good");
  fakes_.entities.holdAnswers();
  begin({{"good", "{}"}});
  ASSERT_TRUE(host_->disable("good").ok());
  fakes_.entities.releaseAnswers();
  EXPECT_EQ(fakes_.state.life("good").find("written"), std::string::npos);
}

TEST_F(PluginHostTest, SaysInOneLineWhyAPluginDoesNotStart) {
  for (const auto& [sample, code] : std::map<std::string, std::string>{{"throws_create", "plugin_failed"},
                                                                       {"bad_configuration", "bad_configuration"},
                                                                       {"throws_start", "plugin_failed"},
                                                                       {"fails_start", "device_missing"},
                                                                       {"no_transport", "plugin_failed"},
                                                                       {"undefined", "plugin_load_failed"}}) {
    EXPECT_EQ(startError(sample), code);
    EXPECT_EQ(info(sample).status, PluginStatus::kFailed);
    EXPECT_EQ(info(sample).error.message.find('\n'), std::string::npos);
  }
  EXPECT_NE(info("undefined").error.message.find("hearthgate_sample_that_nobody_defines"), std::string::npos)
      << "the loader's own words are needed to mend it: " << info("undefined").error.message;
  for (const auto& [sample, code] :
       std::map<std::string, std::string>{{"no_entry", "plugin_no_entry_point"}, {"needs_more", "plugin_wrong_sdk"}}) {
    EXPECT_EQ(startError(sample), code);
    EXPECT_EQ(info(sample).status, PluginStatus::kRefused);
    EXPECT_EQ(::getenv(("HEARTHGATE_SAMPLE_LOADED_" + sample).c_str()), nullptr) << "code ran before the refusal";
  }
}

TEST_F(PluginHostTest, EndsAFailedStartInOrder) {
  EXPECT_EQ(startError("throws_start"), "plugin_failed");
  EXPECT_EQ(fakes_.state.life("throws_start"), "create\nconfigure {}\nstart\nstop\ndestroy\n");
}

TEST_F(PluginHostTest, HoldsUpNoOtherPluginForABrokenOne) {
  folder_.copy("throws_create");
  folder_.copy("good");
  folder_.write("cut", SampleFolder::bytesOf("good").substr(0, 500));
  begin({{"throws_create", "{}"}, {"good", "{}"}, {"cut", "{}"}});
  EXPECT_EQ(info("throws_create").status, PluginStatus::kFailed);
  EXPECT_EQ(info("cut").status, PluginStatus::kRefused);
  EXPECT_EQ(info("cut").error.code, "plugin_truncated");
  EXPECT_EQ(info("good").status, PluginStatus::kRunning);
}

TEST_F(PluginHostTest, StopsAPluginThatThrowsWhileItRuns) {
  folder_.copy("throws_timer");
  folder_.copy("good");
  begin({{"throws_timer", "{}"}, {"good", "{}"}});
  ASSERT_TRUE(waitSeen("throws_timer failed"));
  EXPECT_EQ(info("throws_timer").status, PluginStatus::kFailed);
  EXPECT_NE(info("throws_timer").error.message.find("no luck in a timer"), std::string::npos);
  EXPECT_EQ(info("good").status, PluginStatus::kRunning);
  EXPECT_TRUE(fakes_.state.life("throws_timer").ends_with("stop\ndestroy\n"));
  EXPECT_TRUE(host_->reload("throws_timer").ok()) << "an admin may try again";
}

TEST_F(PluginHostTest, DestroysAPluginThatThrowsInStop) {
  folder_.copy("throws_stop");
  begin({{"throws_stop", "{}"}});
  EXPECT_TRUE(host_->disable("throws_stop").ok());
  EXPECT_TRUE(fakes_.state.life("throws_stop").ends_with("stop\ndestroy\n"));
}

TEST_F(PluginHostTest, ReloadsTheFileThatIsThereNow) {
  folder_.copy("good");
  begin({{"good", "{}"}});
  // The same name with other code: the version is the visible difference.
  std::string changed = SampleFolder::bytesOf("good");
  for (size_t at = changed.find("1.2.3"); at != std::string::npos; at = changed.find("1.2.3", at + 1))
    changed.replace(at, 5, "4.5.6");
  folder_.write("good", changed);
  const Status reloaded = host_->reload("good");
  ASSERT_TRUE(reloaded.ok()) << reloaded.error().message;
  EXPECT_EQ(info("good").version, "4.5.6");
  EXPECT_EQ(info("good").status, PluginStatus::kRunning);
  folder_.write("good", "broken");
  EXPECT_EQ(host_->reload("good").error().code, "plugin_not_elf");
  EXPECT_EQ(info("good").status, PluginStatus::kRefused);
  folder_.copy("good");
  EXPECT_TRUE(host_->reload("good").ok());
  EXPECT_EQ(info("good").version, "1.2.3");
}

// The constructor of the sample's file sets this: once for each time that its code really comes into memory.
TEST_F(PluginHostTest, TakesTheCodeOutOfMemory) {
  folder_.copy("good");
  begin({});
  for (int round = 0; round < 3; ++round) {
    ::unsetenv("HEARTHGATE_SAMPLE_LOADED_good");
    ASSERT_TRUE(host_->enable("good").ok());
    EXPECT_NE(::getenv("HEARTHGATE_SAMPLE_LOADED_good"), nullptr) << round;
    ASSERT_TRUE(host_->disable("good").ok());
    std::ifstream maps("/proc/self/maps");
    const std::string text{std::istreambuf_iterator<char>(maps), {}};
    EXPECT_EQ(text.find(folder_.file("good")), std::string::npos) << "it is still mapped";
  }
}

TEST_F(PluginHostTest, LeavesOutAPluginAfterThreeStartsThatEndedTheProcess) {
  folder_.copy("aborts");
  for (int round = 0; round < 3; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      // Without the parent's other threads, which is all right here: nothing of theirs is used.
      PluginHost host(options({{"aborts", "{}"}}));
      const Status started = host.startAll();
      ::_exit(started.ok() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it should have crashed";
  }
  folder_.copy("good");
  begin({{"aborts", "{}"}, {"good", "{}"}});
  EXPECT_EQ(info("aborts").status, PluginStatus::kLeftOut);
  EXPECT_EQ(info("aborts").error.code, "plugin_left_out");
  EXPECT_EQ(info("good").status, PluginStatus::kRunning);
  folder_.write("aborts", SampleFolder::bytesOf("good"));
  EXPECT_EQ(host_->reload("aborts").error().code, "plugin_left_out");
  EXPECT_EQ(host_->enable("aborts").error().code, "plugin_bad_descriptor") << "enabling ends safe mode";
}

TEST_F(PluginHostTest, LeavesNoMarkBehindAStartThatEnded) {
  folder_.copy("good");
  folder_.copy("throws_start");
  begin({{"good", "{}"}, {"throws_start", "{}"}});
  EXPECT_TRUE(std::filesystem::is_empty(data_.path()));
}

TEST_F(PluginHostTest, RunsTheTemplateOfTheReadme) {
  folder_.copy("minutes");
  begin({{"minutes", "{}"}});
  EXPECT_EQ(info("minutes").status, PluginStatus::kRunning) << info("minutes").error.message;
  EXPECT_EQ(fakes_.entities.writes(), std::vector<std::string>{"minutes:sensor.gateway_minutes"});
}

class TransportPluginTest : public PluginHostTest {
 protected:
  void begin(const std::string& plugin, const std::string& section = "{}") {
    PluginHostOptions made = options({{plugin, section}});
    made.transport_started = [this](const std::string&, std::shared_ptr<sdk::Transport> transport) -> Status {
      started_.push_back(std::move(transport));
      return answer_;
    };
    made.transport_stopping = [this](const std::string&) { ++stopping_; };
    beginWith(std::move(made));
  }
  // The host calls what is written down here until it has stopped.
  void TearDown() override { host_.reset(); }
  std::vector<std::shared_ptr<sdk::Transport>> started_;
  Status answer_;
  int stopping_ = 0;
};

TEST_F(TransportPluginTest, StopsATransportThatCannotBeUsedAndSaysWhy) {
  std::filesystem::copy(std::string(HEARTHGATE_PLUGINS) + "/lan.so", folder_.file("lan"));
  answer_ = systemError("address_in_use", "sync listener 127.0.0.1:8765: is in use");
  begin("lan");
  EXPECT_EQ(info("lan").status, PluginStatus::kFailed);
  EXPECT_EQ(info("lan").error.code, "address_in_use");
  EXPECT_EQ(stopping_, 1);
  EXPECT_EQ(host_->reload("lan").error().code, "address_in_use");

  answer_ = {};
  EXPECT_TRUE(host_->reload("lan").ok());
  EXPECT_EQ(info("lan").status, PluginStatus::kRunning);
  EXPECT_EQ(info("lan").error.code, "");
}

TEST_F(TransportPluginTest, CarriesLinksThroughTheLoadedLanPlugin) {
  std::filesystem::copy(std::string(HEARTHGATE_PLUGINS) + "/lan.so", folder_.file("lan"));
  begin("lan", R"({"ping_interval_s":20})");
  ASSERT_EQ(started_.size(), 1u) << info("lan").error.message;
  testing::RecordingListener listener;
  const auto listening = started_[0]->listen("127.0.0.1", 0, listener.acceptor());
  ASSERT_TRUE(listening.outcome.ok());
  const std::string address = "127.0.0.1:" + std::to_string(listening.port);
  ASSERT_EQ(info("lan").listeners.size(), 1u);
  EXPECT_EQ(info("lan").listeners[0].address, address);
  EXPECT_EQ(info("lan").listeners[0].name, "links");

  auto near = std::make_shared<testing::RecordingHandler>();
  started_[0]->dial(address, "/peer", near, near->dialled());
  ASSERT_EQ(near->waitDialled(), "");
  const auto far = listener.handler();
  ASSERT_TRUE(far);
  ASSERT_EQ(near->link()->send("hello"), sdk::Sent::kQueued);
  ASSERT_TRUE(far->waitMessages(1));
  EXPECT_EQ(far->messages()[0], "hello");

  // The core keeps its ends; the plugin goes all the same.
  ASSERT_TRUE(host_->reload("lan").ok());
  EXPECT_EQ(stopping_, 1);
  ASSERT_EQ(started_.size(), 2u);
  EXPECT_EQ(near->reason().code, "stopped");
  EXPECT_EQ(near->closedCalls(), 1);
  EXPECT_EQ(far->closedCalls(), 1);
  EXPECT_EQ(near->link()->send("x"), sdk::Sent::kClosed);
  EXPECT_EQ(near->link()->path(), "/peer");
  EXPECT_EQ(started_[0]->listen("127.0.0.1", 0, listener.acceptor()).outcome.code, "stopped");
  EXPECT_TRUE(started_[1]->listen("127.0.0.1", listening.port, listener.acceptor()).outcome.ok());
  host_.reset();
}

TEST_F(TransportPluginTest, PassesTheLanPluginsWordsOnItsConfiguration) {
  std::filesystem::copy(std::string(HEARTHGATE_PLUGINS) + "/lan.so", folder_.file("lan"));
  begin("lan", R"({"ping_intervall_s":20})");
  EXPECT_EQ(info("lan").error.code, "bad_configuration");
  EXPECT_NE(info("lan").error.message.find("plugins.lan.ping_intervall_s: unknown key"), std::string::npos);
  begin("lan", R"({"ping_interval_s":0})");
  EXPECT_EQ(info("lan").error.code, "bad_configuration");
}

TEST_F(TransportPluginTest, StopsATransportThatThrowsAtTheCore) {
  folder_.copy("rude");
  begin("rude");
  ASSERT_EQ(started_.size(), 1u);
  auto handler = std::make_shared<testing::RecordingHandler>();
  started_[0]->dial("throw:1", "/peer", handler, handler->dialled());
  EXPECT_EQ(handler->waitDialled(), "stopped");
  ASSERT_TRUE(waitSeen("rude failed"));
  EXPECT_NE(info("rude").error.message.find("no luck in dial"), std::string::npos);
}

TEST_F(TransportPluginTest, TellsTheCoreOfLinksThatATransportForgot) {
  folder_.copy("rude");
  begin("rude");
  auto handler = std::make_shared<testing::RecordingHandler>();
  started_[0]->dial("fine:1", "/peer", handler, handler->dialled());
  ASSERT_EQ(handler->waitDialled(), "");
  EXPECT_EQ(handler->link()->remoteAddress(), "192.0.2.1:1");
  EXPECT_EQ(handler->link()->send("x"), sdk::Sent::kClosed) << "it threw";
  ASSERT_TRUE(waitSeen("rude failed"));
  EXPECT_EQ(handler->waitClosed(), "stopped");
  EXPECT_EQ(handler->closedCalls(), 1);
}

}  // namespace
}  // namespace hearthgate::plugin_host
