#include "trust/tls.h"

#include "support.h"
#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

class PeerChannel : public ::testing::Test {
 protected:
  ChannelPair connect(Channel::IsPinned at_client, Channel::IsPinned at_server) {
    ChannelPair pair{std::move(Channel::peer(Channel::Role::kClient, a_, std::move(at_client))).value(),
                     std::move(Channel::peer(Channel::Role::kServer, b_, std::move(at_server))).value()};
    exchange(*pair.client, *pair.server);
    return pair;
  }
  ChannelPair connected() { return connect(onlyKey(b_.operatingSpki()), onlyKey(a_.operatingSpki())); }

  SeededRandom random_{7};
  Identity a_ = Identity::inMemory(random_), b_ = Identity::inMemory(random_);
};

TEST_F(PeerChannel, ConnectsTwoHomesThatPinnedEachOther) {
  ChannelPair pair = connected();
  ASSERT_TRUE(pair.client->established() && pair.server->established());
  EXPECT_EQ(pair.client->peerSpki(), b_.operatingSpki());
  EXPECT_EQ(pair.server->peerSpki(), a_.operatingSpki());
  ASSERT_TRUE(pair.client->write("hello").ok());
  ASSERT_TRUE(pair.server->write("good day").ok());
  exchange(*pair.client, *pair.server);
  EXPECT_EQ(pair.server->takePlaintext(), "hello");
  EXPECT_EQ(pair.client->takePlaintext(), "good day");
}

TEST_F(PeerChannel, TellsAHomeWhoseKeyIsUnknownThatItIsNotPaired) {
  ChannelPair pair = connect(onlyKey(b_.operatingSpki()), [](std::string_view) { return false; });
  ASSERT_TRUE(pair.client->failure() && pair.server->failure());
  EXPECT_EQ(pair.client->failure()->code, "not_paired");
  EXPECT_EQ(pair.server->failure()->code, "key_not_pinned");
  EXPECT_EQ(pair.server->failure()->message, "the other home presented a key that is not pinned");
  EXPECT_FALSE(pair.client->established());
  EXPECT_FALSE(pair.server->established());
}

TEST_F(PeerChannel, ClientRefusesAServerWithAnotherKey) {
  ChannelPair pair = connect(onlyKey(a_.operatingSpki()), onlyKey(a_.operatingSpki()));
  ASSERT_TRUE(pair.client->failure() && pair.server->failure());
  EXPECT_EQ(pair.client->failure()->code, "key_not_pinned");
  EXPECT_EQ(pair.server->failure()->code, "not_paired");
}

TEST_F(PeerChannel, WorksWithOneByteAtATime) {
  auto client = std::move(Channel::peer(Channel::Role::kClient, a_, onlyKey(b_.operatingSpki()))).value();
  auto server = std::move(Channel::peer(Channel::Role::kServer, b_, onlyKey(a_.operatingSpki()))).value();
  for (int round = 0; round < 10; ++round) {
    for (char c : client->takeOutput()) ASSERT_TRUE(server->feed({&c, 1}).ok());
    for (char c : server->takeOutput()) ASSERT_TRUE(client->feed({&c, 1}).ok());
  }
  ASSERT_TRUE(client->established() && server->established());
  ASSERT_TRUE(client->write("slow").ok());
  for (char c : client->takeOutput()) ASSERT_TRUE(server->feed({&c, 1}).ok());
  EXPECT_EQ(server->takePlaintext(), "slow");
}

TEST_F(PeerChannel, CarriesLargeWritesWhole) {
  ChannelPair pair = connected();
  std::string large = random_.bytes(1 << 20);
  ASSERT_TRUE(pair.client->write(large).ok());
  exchange(*pair.client, *pair.server);
  EXPECT_EQ(pair.server->takePlaintext(), large);
}

TEST_F(PeerChannel, GivesBothEndsTheSameKeyingMaterialAndEachChannelItsOwn) {
  ChannelPair one = connected(), two = connected();
  auto exported = one.client->exporter("EXPORTER-hearthgate-pair", 32);
  ASSERT_TRUE(exported.ok());
  EXPECT_EQ(exported->size(), 32u);
  EXPECT_EQ(*exported, *one.server->exporter("EXPORTER-hearthgate-pair", 32));
  EXPECT_NE(*exported, *two.client->exporter("EXPORTER-hearthgate-pair", 32));
  EXPECT_NE(*exported, *one.client->exporter("EXPORTER-hearthgate-other", 32));
  auto early = std::move(Channel::peer(Channel::Role::kClient, a_, onlyKey(b_.operatingSpki()))).value();
  EXPECT_EQ(early->exporter("EXPORTER-hearthgate-pair", 32).error().code, "link_closed");
  EXPECT_EQ(early->write("x").error().code, "link_closed");
}

TEST_F(PeerChannel, SaysGoodbye) {
  ChannelPair pair = connected();
  pair.client->close();
  exchange(*pair.client, *pair.server);
  EXPECT_TRUE(pair.server->closed());
  EXPECT_FALSE(pair.server->failure());
  EXPECT_EQ(pair.client->write("x").error().code, "link_closed");
}

TEST_F(PeerChannel, ClosesWhenABitWasChangedOnTheWay) {
  ChannelPair pair = connected();
  ASSERT_TRUE(pair.client->write("hello").ok());
  std::string bytes = pair.client->takeOutput();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_EQ(pair.server->feed(bytes).error().code, "tls_refused");
  EXPECT_TRUE(pair.server->takePlaintext().empty());
  EXPECT_FALSE(pair.server->feed("more").ok());
}

TEST_F(PeerChannel, EndsAHandshakeThatGrowsTooLarge) {
  auto server = std::move(Channel::peer(Channel::Role::kServer, b_, onlyKey(a_.operatingSpki()))).value();
  auto client = std::move(Channel::peer(Channel::Role::kClient, a_, onlyKey(b_.operatingSpki()))).value();
  std::string hello = client->takeOutput();
  ASSERT_TRUE(server->feed(hello).ok());
  // Then warnings, which TLS lets pass one by one.
  std::string warning("\x15\x03\x03\x00\x02\x01\x5a", 7);
  size_t sent = hello.size();
  Status status;
  for (; status.ok() && sent < 2 * kMaxHandshakeBytes; sent += warning.size()) status = server->feed(warning);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "handshake_too_large");
  EXPECT_NEAR(static_cast<double>(sent), static_cast<double>(kMaxHandshakeBytes), 16);
  EXPECT_FALSE(server->established());
}

TEST(PairChannel, ConnectsWithTheSameCodeOnly) {
  std::string psk(32, 'k'), other(32, 'o');
  ChannelPair right = pairChannels(psk, psk);
  ASSERT_TRUE(right.client->established() && right.server->established());
  EXPECT_EQ(*right.client->exporter("EXPORTER-hearthgate-pair", 32),
            *right.server->exporter("EXPORTER-hearthgate-pair", 32));
  ChannelPair wrong = pairChannels(psk, other);
  ASSERT_TRUE(wrong.client->failure() && wrong.server->failure());
  EXPECT_EQ(wrong.client->failure()->code, "pairing_wrong_code");
  EXPECT_EQ(wrong.server->failure()->code, "pairing_wrong_code");
}

TEST(PairChannel, AndPeerChannelDoNotMeet) {
  SeededRandom random(8);
  Identity home = Identity::inMemory(random);
  auto client = std::move(Channel::pair(Channel::Role::kClient, std::string(32, 'k'))).value();
  auto server = std::move(Channel::peer(Channel::Role::kServer, home, [](std::string_view) { return true; })).value();
  exchange(*client, *server);
  EXPECT_TRUE(client->failure() && server->failure());
  EXPECT_FALSE(client->established() || server->established());
}

}  // namespace
}  // namespace hearthgate::trust
