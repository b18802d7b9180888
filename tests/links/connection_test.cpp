// One link's bounds: what a side may make the gateway hold and do, whatever it sends.
#include "sync/connection.h"

#include <gtest/gtest.h>

#include <future>
#include <map>

#include "base/random.h"
#include "links/raw_peer.h"

namespace hearthgate::sync {
namespace {

using testing::eventually;
using testing::RawPeer;

constexpr size_t kMiB = 1 << 20;

// Keeps an executor busy until it is let go.
class Busy {
 public:
  explicit Busy(Executor& executor) {
    std::promise<void> begun;
    executor.post([&begun, go = go_.get_future().share()] {
      begun.set_value();
      go.wait();
    });
    begun.get_future().wait();
  }
  ~Busy() { go_.set_value(); }

 private:
  std::promise<void> go_;
};

class Links : public ::testing::Test, public Connection::User {
 protected:
  ~Links() override {
    // A link and its handler hold each other until it ends.
    for (const auto& connection : linked_) connection->onClosed({"closed", "", false});
    settle();
    handshakes.stop();
    links.stop();
  }
  std::shared_ptr<Connection> accepted() {
    auto channel = trust::Channel::peer(trust::Channel::Role::kServer, here, [](std::string_view) { return true; });
    EXPECT_TRUE(channel.ok());
    return std::make_shared<Connection>(*this, links, handshakes, Connection::Kind::kPeer, false, std::move(*channel));
  }
  std::shared_ptr<Connection> linked(const std::shared_ptr<RawPeer>& peer) {
    auto connection = accepted();
    linked_.push_back(connection);
    peer->open(connection);
    EXPECT_TRUE(eventually([&] { return connection->established(); }));
    settle();
    return connection;
  }
  // What was queued has been done.
  void settle() {
    for (Executor* executor : {&handshakes, &links}) {
      std::promise<void> done;
      executor->post([&] { done.set_value(); });
      done.get_future().wait();
    }
  }
  std::shared_ptr<RawPeer> peer() { return std::make_shared<RawPeer>(there); }

  void onEstablished(const std::shared_ptr<Connection>&) override {}
  void onReceived(const std::shared_ptr<Connection>& connection, std::string message) override {
    if (on_message) on_message(connection, message);
    std::lock_guard lock(mutex_);
    ++received_[connection];
  }
  void onEnded(const std::shared_ptr<Connection>&, const Error& error) override {
    std::lock_guard lock(mutex_);
    ends_.push_back(error);
  }
  size_t received(const std::shared_ptr<Connection>& connection) {
    std::lock_guard lock(mutex_);
    return received_[connection];
  }
  std::vector<Error> ends() {
    std::lock_guard lock(mutex_);
    return ends_;
  }

  trust::Identity here = trust::Identity::inMemory(systemRandom());
  trust::Identity there = trust::Identity::inMemory(systemRandom());
  std::function<void(const std::shared_ptr<Connection>&, const std::string&)> on_message;

 private:
  std::mutex mutex_;
  std::map<std::shared_ptr<Connection>, size_t> received_;
  std::vector<Error> ends_;
  std::vector<std::shared_ptr<Connection>> linked_;

 protected:
  Executor links{"links"};
  Executor handshakes{"handshakes"};
};

TEST_F(Links, DecompressNothingMoreOnceTheyAreToClose) {
  auto hostile = peer();
  auto connection = linked(hostile);
  on_message = [](const std::shared_ptr<Connection>& from, const std::string&) { from->close("protocol", ""); };
  {
    Busy busy(links);
    hostile->sayFrame(std::string(kMaxMessageBytes, '\0'), 1000);
  }
  ASSERT_TRUE(eventually([&] { return !ends().empty(); }));
  EXPECT_EQ(ends()[0].code, "protocol");
  settle();
  EXPECT_EQ(received(connection), 1u);
}

TEST_F(Links, TakeTurnsWhateverOneOfThemSends) {
  auto large = peer();
  auto from_large = linked(large);
  auto small = peer();
  auto from_small = linked(small);
  std::atomic<size_t> before_small{0};
  on_message = [&](const std::shared_ptr<Connection>& from, const std::string&) {
    if (from == from_small) before_small = received(from_large);
  };
  constexpr size_t kLarge = 30;
  {
    Busy busy(links);
    large->sayFrame(std::string(kMaxMessageBytes, '\1'), kLarge);
    small->sayFrame("small");
  }
  ASSERT_TRUE(eventually([&] {
    settle();
    return received(from_large) == kLarge;
  }));
  EXPECT_EQ(received(from_small), 1u);
  EXPECT_LE(before_small.load(), 2u);
  EXPECT_TRUE(ends().empty());
}

// All that came before the other side's goodbye is heard, in as many rounds as it takes.
TEST_F(Links, HearWhatWasSaidBeforeTheEnd) {
  auto other = peer();
  auto connection = linked(other);
  constexpr size_t kMessages = 40;
  {
    Busy busy(links);
    other->sayFrame(std::string(kMiB, '\1'), kMessages);
    connection->onClosed({"stopped", "", true});
  }
  ASSERT_TRUE(eventually([&] { return !ends().empty(); }));
  settle();
  EXPECT_EQ(ends()[0].code, "stopped");
  EXPECT_TRUE(connection->endedByPeer());
  EXPECT_EQ(received(connection), kMessages);
}

TEST_F(Links, HearWhyTheyEndAlsoWhenItComesLate) {
  auto other = peer();
  auto connection = linked(other);
  other->sayGoodbye();
  settle();
  EXPECT_TRUE(ends().empty());
  connection->onClosed({"not_paired", "", true});
  settle();
  ASSERT_EQ(ends().size(), 1u);
  EXPECT_EQ(ends()[0].code, "not_paired");
  EXPECT_TRUE(connection->endedByPeer());
}

TEST_F(Links, HearWhyTheyEndAlsoWhenThisSideIsSpeaking) {
  auto other = peer();
  auto connection = linked(other);
  other->sayGoodbye();
  settle();
  connection->send({{"too late for the other side"}});
  settle();
  EXPECT_TRUE(ends().empty());
  connection->onClosed({"pairing_throttled", "", true});
  settle();
  ASSERT_EQ(ends().size(), 1u);
  EXPECT_EQ(ends()[0].code, "pairing_throttled");
}

TEST_F(Links, EndWhenTheOtherSideOnlyClosesTheChannel) {
  auto other = peer();
  auto connection = linked(other);
  other->sayGoodbye();
  ASSERT_TRUE(eventually([&] { return !ends().empty(); }));
  EXPECT_EQ(ends()[0].code, "closed");
  EXPECT_EQ(other->closed(), "closed");
}

TEST_F(Links, EndWhenTheOtherSideSendsAndDoesNotRead) {
  auto deaf = peer();
  auto connection = linked(deaf);
  deaf->stopReading();
  auto send = [&](size_t bytes) { connection->send({{std::string(bytes, 'x'), true}}); };
  // As much as an honest home can be owed.
  for (int flow = 0; flow < 2; ++flow) {
    for (size_t sent = 0; sent < kInFlightBytes; sent += kBatchBytes) send(kBatchBytes);
    send(kMaxMessageBytes);
  }
  settle();
  EXPECT_TRUE(ends().empty());
  // Acknowledgements of what it sends on and on; each leaves the thread by itself.
  for (size_t n = 0; n < 200'000 && ends().empty(); ++n) {
    send(20);
    settle();
  }
  settle();
  ASSERT_EQ(ends().size(), 1u);
  EXPECT_EQ(ends()[0].code, "not_reading");
  EXPECT_EQ(deaf->closed(), "not_reading");
}

TEST_F(Links, KeepLittleOfWhatStrangersSend) {
  auto connection = accepted();
  auto stranger = peer();
  connection->onOpen(stranger);
  {
    Busy busy(handshakes);
    // The thread of the handshakes has others before it.
    for (int n = 0; n < 1000; ++n) connection->onMessage(std::string(sdk::kStrangerMessageBytes, 'x'));
  }
  ASSERT_TRUE(eventually([&] { return !ends().empty(); }));
  EXPECT_EQ(ends()[0].message, "The other side sent more than a handshake takes.");
  EXPECT_EQ(stranger->closed(), "handshake_too_large");
}

}  // namespace
}  // namespace hearthgate::sync
