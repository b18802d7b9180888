#include "trust/pairing.h"

#include "support.h"
#include "trust/crypto.h"
#include "trust/tuning.h"
#include "trust/wire.h"
#include "trust/words.h"

namespace hearthgate::trust {
namespace {

using State = PairingSession::State;

const PairingOffer kLights{{{"state", 12, 4000}, {"scene", 3, 900}}};
const PairingOffer kNothing{};

std::string framed(const std::string& message) { return Writer().field(message).take(); }

class Pairing : public ::testing::Test {
 protected:
  using Lookups = PairingSession::Lookups;

  std::unique_ptr<PairingSession> session(PairingRole role, const Identity& identity, Lookups lookups = {},
                                          std::string exporter = std::string(32, 'e')) {
    return std::make_unique<PairingSession>(role, PairingSelf::of(identity, "Home", {"192.0.2.7:8765", "nonsense"}),
                                            std::move(exporter), std::move(lookups), random_, 0);
  }
  void start(Lookups of_joiner = {}, Lookups of_listener = {}) {
    joiner_ = session(PairingRole::kJoiner, a_, std::move(of_joiner));
    listener_ = session(PairingRole::kListener, b_, std::move(of_listener));
  }
  static void carry(PairingSession& one, PairingSession& two) {
    for (int round = 0; round < 20; ++round) {
      std::string from_one = one.takeOutput(), from_two = two.takeOutput();
      if (from_one.empty() && from_two.empty()) return;
      (void)two.feed(from_one, 0);
      (void)one.feed(from_two, 0);
    }
    ADD_FAILURE() << "the sessions did not come to rest";
  }
  void carry() { carry(*joiner_, *listener_); }
  void expectRefused(const PairingSession& session, const std::string& code = "pairing_refused") {
    EXPECT_EQ(session.state(), State::kFailed);
    ASSERT_TRUE(session.failure());
    EXPECT_EQ(session.failure()->code, code) << session.failure()->message;
    EXPECT_FALSE(session.failure()->message.empty());
  }
  // A joiner's hello that holds for `identity`.
  PairingHello helloOf(const Identity& identity) {
    PairingHello hello;
    hello.home = identity.home();
    hello.chain = identity.chain();
    hello.name = "Puppet";
    hello.nonce = random_.bytes(kNonceBytes);
    return hello;
  }
  // The listener's hello in what it sent.
  static std::string sentHello(PairingSession& listener) {
    std::string output = listener.takeOutput();
    return std::string(Reader(output).field(kMaxPairingMessageBytes));
  }
  std::string proofFor(const PrivateKey& key, const std::string& joiner_hello, const std::string& listener_hello,
                       PairingRole role = PairingRole::kJoiner, std::string exporter = std::string(32, 'e')) {
    Writer fields;
    fields.u8(static_cast<uint8_t>(role)).field(exporter);
    fields.field(sha256Bytes(joiner_hello)).field(sha256Bytes(listener_hello));
    PairingProof proof;
    proof.signature = key.sign(kPairContext, fields.bytes());
    return encodeProof(proof);
  }

  SeededRandom random_{31};
  Identity a_ = Identity::inMemory(random_), b_ = Identity::inMemory(random_), c_ = Identity::inMemory(random_);
  std::unique_ptr<PairingSession> joiner_, listener_;
};

TEST_F(Pairing, BothConfirmAndArePending) {
  start();
  carry();
  ASSERT_EQ(joiner_->state(), State::kHelloVerified);
  ASSERT_EQ(listener_->state(), State::kHelloVerified);
  EXPECT_EQ(joiner_->words(), listener_->words());
  EXPECT_EQ(joiner_->words().size(), 3u);
  EXPECT_EQ(joiner_->peer()->home, b_.home());
  EXPECT_EQ(joiner_->peer()->operatingSpki(), b_.operatingSpki());
  EXPECT_EQ(listener_->peer()->home, a_.home());
  EXPECT_EQ(listener_->peer()->name, "Home");
  EXPECT_EQ(listener_->peer()->addresses, std::vector<std::string>{"192.0.2.7:8765"});
  EXPECT_EQ(listener_->peer()->change, KeyChange::kFirst);
  ASSERT_TRUE(joiner_->offer(kLights).ok());
  EXPECT_FALSE(joiner_->confirmByPerson().ok());
  carry();
  EXPECT_EQ(listener_->state(), State::kHelloVerified);
  ASSERT_TRUE(listener_->offer(kNothing).ok());
  carry();
  ASSERT_EQ(joiner_->state(), State::kConfirming);
  ASSERT_EQ(listener_->state(), State::kConfirming);
  EXPECT_EQ(*listener_->toReceive(), kLights);
  EXPECT_EQ(listener_->toReceive()->entities(), 15u);
  EXPECT_EQ(listener_->toReceive()->bytes(), 4900u);
  ASSERT_TRUE(joiner_->confirmByPerson().ok());
  carry();
  EXPECT_EQ(joiner_->state(), State::kConfirming);
  EXPECT_TRUE(listener_->peerConfirmed());
  ASSERT_TRUE(listener_->confirmByPerson().ok());
  EXPECT_EQ(listener_->state(), State::kPending);
  carry();
  EXPECT_EQ(joiner_->state(), State::kPending);
  EXPECT_EQ(joiner_->pairingId(), listener_->pairingId());
  EXPECT_EQ(joiner_->pairingId().size(), 32u);
}

TEST_F(Pairing, RunsInsideARealChannel) {
  ChannelPair channels = pairChannels(std::string(32, 'k'), std::string(32, 'k'));
  joiner_ = session(PairingRole::kJoiner, a_, {}, *channels.client->exporter(kPairExporterLabel, 32));
  listener_ = session(PairingRole::kListener, b_, {}, *channels.server->exporter(kPairExporterLabel, 32));
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(channels.client->write(joiner_->takeOutput()).ok());
    ASSERT_TRUE(channels.server->write(listener_->takeOutput()).ok());
    exchange(*channels.client, *channels.server);
    ASSERT_TRUE(joiner_->feed(channels.client->takePlaintext(), 0).ok());
    ASSERT_TRUE(listener_->feed(channels.server->takePlaintext(), 0).ok());
  }
  EXPECT_EQ(joiner_->state(), State::kHelloVerified);
  EXPECT_EQ(listener_->state(), State::kHelloVerified);
  EXPECT_EQ(joiner_->words(), listener_->words());
}

TEST_F(Pairing, TakesBytesInAnyPortions) {
  start();
  for (int round = 0; round < 4; ++round) {
    for (char c : joiner_->takeOutput()) ASSERT_TRUE(listener_->feed({&c, 1}, 0).ok());
    for (char c : listener_->takeOutput()) ASSERT_TRUE(joiner_->feed({&c, 1}, 0).ok());
  }
  EXPECT_EQ(joiner_->state(), State::kHelloVerified);
}

TEST_F(Pairing, SendsNoEntityNameBeforeItIsPaired) {
  start();
  std::string all = joiner_->takeOutput();
  (void)listener_->feed(all, 0);
  (void)joiner_->feed(listener_->takeOutput(), 0);
  (void)listener_->feed(joiner_->takeOutput(), 0);
  ASSERT_TRUE(listener_->offer(kLights).ok());
  std::string offer = listener_->takeOutput();
  // Kinds and numbers: there is no field for anything else.
  EXPECT_NE(offer.find("scene"), std::string::npos);
  EXPECT_EQ(decodeOffer(offer.substr(offer.size() - encodeOffer(kLights).size()))->entities(), 15u);
}

TEST_F(Pairing, RefusesToPairWithItself) {
  joiner_ = session(PairingRole::kJoiner, a_);
  listener_ = session(PairingRole::kListener, a_);
  carry();
  expectRefused(*listener_);
  expectRefused(*joiner_);
}

TEST_F(Pairing, RefusesItsOwnGreetingSentBack) {
  start();
  std::string hello = joiner_->takeOutput();
  EXPECT_FALSE(joiner_->feed(hello, 0).ok());
  expectRefused(*joiner_);
  // And one under another home's name and role, but with this home's nonce.
  start();
  PairingHello mirrored = *decodeHello(Reader(joiner_->takeOutput()).field(kMaxPairingMessageBytes));
  mirrored.role = PairingRole::kListener;
  mirrored.home = b_.home();
  mirrored.chain = b_.chain();
  EXPECT_FALSE(joiner_->feed(framed(encodeHello(mirrored)), 0).ok());
  expectRefused(*joiner_);
}

TEST_F(Pairing, RefusesAnothersPublicKeyWithoutItsPrivateOne) {
  start();
  std::string hello = encodeHello(helloOf(c_));
  ASSERT_TRUE(listener_->feed(framed(hello), 0).ok());
  std::string answer = sentHello(*listener_);
  EXPECT_FALSE(listener_->feed(framed(proofFor(a_.operatingKey(), hello, answer)), 0).ok());
  expectRefused(*listener_);
  EXPECT_EQ(listener_->peer(), nullptr);
  start();
  ASSERT_TRUE(listener_->feed(framed(hello), 0).ok());
  EXPECT_TRUE(listener_->feed(framed(proofFor(c_.operatingKey(), hello, sentHello(*listener_))), 0).ok());
  EXPECT_EQ(listener_->state(), State::kHelloVerified);
}

TEST_F(Pairing, RefusesProofsOfSwappedHellosOtherRolesChannelsAndPairings) {
  std::string hello = encodeHello(helloOf(c_));
  start();
  ASSERT_TRUE(listener_->feed(framed(hello), 0).ok());
  std::string earlier = proofFor(c_.operatingKey(), hello, sentHello(*listener_));
  ASSERT_TRUE(listener_->feed(framed(earlier), 0).ok());
  auto refuses = [&](const std::function<std::string(const std::string&)>& proof) {
    start();
    ASSERT_TRUE(listener_->feed(framed(hello), 0).ok());
    EXPECT_FALSE(listener_->feed(framed(proof(sentHello(*listener_))), 0).ok());
    expectRefused(*listener_);
  };
  const PrivateKey& key = c_.operatingKey();
  refuses([&](const std::string& answer) { return proofFor(key, answer, hello); });
  refuses([&](const std::string& answer) { return proofFor(key, hello, answer, PairingRole::kListener); });
  refuses([&](const std::string& answer) {
    return proofFor(key, hello, answer, PairingRole::kJoiner, std::string(32, 'f'));
  });
  refuses([&](const std::string&) { return earlier; });
}

TEST_F(Pairing, ProvesTheListenerInItsOwnRole) {
  start();
  std::string hello = encodeHello(helloOf(c_));
  ASSERT_TRUE(listener_->feed(framed(hello), 0).ok());
  std::string answer = sentHello(*listener_);
  ASSERT_TRUE(listener_->feed(framed(proofFor(c_.operatingKey(), hello, answer)), 0).ok());
  std::string output = listener_->takeOutput();
  auto proof = decodeProof(Reader(output).field(kMaxPairingMessageBytes));
  ASSERT_TRUE(proof.ok());
  auto expected = [&](PairingRole role) {
    return decodeProof(proofFor(b_.operatingKey(), hello, answer, role))->signature;
  };
  EXPECT_EQ(proof->signature, expected(PairingRole::kListener));
  EXPECT_NE(proof->signature, expected(PairingRole::kJoiner));
}

TEST_F(Pairing, RefusesAChannelThatSomebodyRelays) {
  // A code thief with a channel to each side passes the messages on: the exporters differ.
  joiner_ = session(PairingRole::kJoiner, a_, {}, std::string(32, '1'));
  listener_ = session(PairingRole::kListener, b_, {}, std::string(32, '2'));
  carry();
  expectRefused(*listener_);
  expectRefused(*joiner_);
}

TEST_F(Pairing, ShowsDifferentWordsWhenACodeThiefPairsWithBoth) {
  auto to_joiner = session(PairingRole::kListener, c_, {}, std::string(32, '1'));
  auto to_listener = session(PairingRole::kJoiner, c_, {}, std::string(32, '2'));
  joiner_ = session(PairingRole::kJoiner, a_, {}, std::string(32, '1'));
  listener_ = session(PairingRole::kListener, b_, {}, std::string(32, '2'));
  carry(*joiner_, *to_joiner);
  carry(*to_listener, *listener_);
  ASSERT_EQ(joiner_->state(), State::kHelloVerified);
  ASSERT_EQ(listener_->state(), State::kHelloVerified);
  EXPECT_NE(joiner_->words(), listener_->words());
}

TEST_F(Pairing, RefusesARootKeyWhoseHashIsNotTheId) {
  start();
  PairingHello hello = helloOf(c_);
  hello.home = a_.home();
  EXPECT_FALSE(listener_->feed(framed(encodeHello(hello)), 0).ok());
  expectRefused(*listener_);
}

TEST_F(Pairing, RefusesVersionsThatDoNotMeet) {
  start();
  PairingHello hello = helloOf(c_);
  hello.min_protocol = hello.max_protocol = kMaxProtocol + 1;
  EXPECT_FALSE(listener_->feed(framed(encodeHello(hello)), 0).ok());
  expectRefused(*listener_, "pairing_version");
  // The other side is told so.
  start();
  ASSERT_FALSE(joiner_->feed(framed(encodeEnd(PairingEnd::kVersion)), 0).ok());
  expectRefused(*joiner_, "pairing_version");
  // A newer one that still speaks ours may say more than we understand.
  start();
  hello.min_protocol = 1;
  EXPECT_TRUE(listener_->feed(framed(encodeHello(hello) + "more"), 0).ok());
}

TEST_F(Pairing, UpdatesAKnownHomeAndNamesTheChangeOfItsKey) {
  auto knows = [](KeyChain chain) { return Lookups{[chain](const HomeId&) { return chain; }, nullptr}; };
  start({}, knows(a_.chain()));
  carry();
  ASSERT_EQ(listener_->state(), State::kHelloVerified);
  EXPECT_EQ(listener_->peer()->change, KeyChange::kSame);
}

// Homes whose root key the test holds, so that it can make statements of any epoch.
class RebuiltHome : public Pairing {
 protected:
  KeyStatement statement(uint64_t epoch, const PrivateKey& operating) {
    return makeRootStatement(root_, operating, epoch, std::string(32, '\0'), "rebuilt");
  }
  PairingSelf self(const KeyChain& chain, const PrivateKey& operating) { return {chain, operating, "Rebuilt", {}, {}}; }
  void startWith(uint64_t shown_epoch, uint64_t known_epoch, bool can_renew) {
    KeyChain shown{statement(shown_epoch, new_key_)}, known{statement(known_epoch, old_key_)};
    Lookups renewing;
    if (can_renew) {
      renewing.renew = [this](const KeyChain& theirs) -> Result<KeyChain> {
        return KeyChain{statement(theirs.back().epoch + 1, new_key_)};
      };
    }
    joiner_ = std::make_unique<PairingSession>(PairingRole::kJoiner, self(shown, new_key_), std::string(32, 'e'),
                                               renewing, random_, 0);
    listener_ = session(PairingRole::kListener, b_, Lookups{[known](const HomeId&) { return known; }, nullptr});
    carry();
  }

  SeededRandom keys_{41};
  PrivateKey root_ = PrivateKey::generate(keys_), old_key_ = PrivateKey::generate(keys_),
             new_key_ = PrivateKey::generate(keys_);
};

TEST_F(RebuiltHome, WithALowerEpochIsRefused) {
  startWith(2, 3, false);
  expectRefused(*listener_);
  expectRefused(*joiner_);
}

TEST_F(RebuiltHome, SignsAnEpochAboveTheKnownOne) {
  startWith(1, 3, true);
  ASSERT_EQ(listener_->state(), State::kHelloVerified);
  EXPECT_EQ(listener_->peer()->chain.back().epoch, 4u);
  EXPECT_EQ(joiner_->selfChain(), listener_->peer()->chain);
  EXPECT_EQ(listener_->peer()->change, KeyChange::kNewer);
  EXPECT_EQ(listener_->peer()->operatingSpki(), new_key_.spki());
  EXPECT_EQ(joiner_->words(), listener_->words());
}

TEST_F(RebuiltHome, MayListenToo) {
  KeyChain shown{statement(1, new_key_)}, known{statement(3, old_key_)};
  Lookups renewing;
  renewing.renew = [this](const KeyChain& theirs) -> Result<KeyChain> {
    return KeyChain{statement(theirs.back().epoch + 1, new_key_)};
  };
  listener_ = std::make_unique<PairingSession>(PairingRole::kListener, self(shown, new_key_), std::string(32, 'e'),
                                               renewing, random_, 0);
  joiner_ = session(PairingRole::kJoiner, b_, Lookups{[known](const HomeId&) { return known; }, nullptr});
  carry();
  ASSERT_EQ(joiner_->state(), State::kHelloVerified);
  EXPECT_EQ(joiner_->peer()->chain.back().epoch, 4u);
}

TEST_F(RebuiltHome, WithAnotherKeyAtTheSameEpochIsShownAsAFork) {
  startWith(3, 3, false);
  ASSERT_EQ(listener_->state(), State::kHelloVerified);
  EXPECT_EQ(listener_->peer()->change, KeyChange::kFork);
}

TEST_F(Pairing, EndsWhenNobodyConfirmsInTime) {
  start();
  carry();
  ASSERT_TRUE(joiner_->offer(kNothing).ok());
  ASSERT_TRUE(listener_->offer(kNothing).ok());
  carry();
  ASSERT_TRUE(joiner_->confirmByPerson().ok());
  carry();
  listener_->tick(kConfirmLimitMs - 1);
  EXPECT_EQ(listener_->state(), State::kConfirming);
  listener_->tick(kConfirmLimitMs);
  expectRefused(*listener_);
  carry();
  expectRefused(*joiner_);
  // Both persons learn which of them it was.
  EXPECT_EQ(listener_->failure()->message, "nobody agreed at this home within two minutes");
  EXPECT_EQ(joiner_->failure()->message, "nobody agreed at the other home within two minutes");
}

TEST_F(Pairing, TellsHowFarTheClocksDiffer) {
  constexpr int64_t kHour = 3'600'000, kNow = 1'795'168'800'000;
  auto clocked = [&](PairingRole role, const Identity& identity, PairingClock clock, int64_t steady_ms) {
    PairingSelf self = PairingSelf::of(identity, "Home", {});
    self.clock = clock;
    return std::make_unique<PairingSession>(role, std::move(self), std::string(32, 'e'), Lookups{}, random_, steady_ms);
  };
  joiner_ = clocked(PairingRole::kJoiner, a_, {kNow + kHour, true}, 0);
  // It waited three seconds for the first word; both clocks went on meanwhile.
  listener_ = clocked(PairingRole::kListener, b_, {kNow - 3'000, false}, -3'000);
  carry();
  ASSERT_TRUE(joiner_->peer() && listener_->peer());
  EXPECT_EQ(listener_->peer()->clock_offset_ms, kHour);
  EXPECT_TRUE(listener_->peer()->clock_synchronised);
  EXPECT_EQ(joiner_->peer()->clock_offset_ms, -kHour);
  EXPECT_FALSE(joiner_->peer()->clock_synchronised);
  // Who does not know its own time says nothing of the other's.
  start();
  carry();
  ASSERT_TRUE(joiner_->peer());
  EXPECT_FALSE(joiner_->peer()->clock_offset_ms);
}

TEST_F(Pairing, MeetsAVersionThatTellsNoClock) {
  PairingHello hello = helloOf(c_);
  hello.clock = {1'795'168'800'000, true};
  EXPECT_EQ(decodeHello(encodeHello(hello))->clock.ms, hello.clock.ms);
  EXPECT_EQ(decodeHello(encodeHello(hello))->max_protocol, kMaxProtocol);
  hello.max_protocol = 1;
  auto older = decodeHello(encodeHello(hello));
  ASSERT_TRUE(older.ok());
  EXPECT_EQ(older->clock.ms, 0);
  EXPECT_FALSE(decodeHello(encodeHello(hello) + "more").ok());
  start();
  std::string joiner_hello = encodeHello(hello);
  ASSERT_TRUE(listener_->feed(framed(joiner_hello), 0).ok());
  ASSERT_TRUE(listener_->feed(framed(proofFor(c_.operatingKey(), joiner_hello, sentHello(*listener_))), 0).ok());
  ASSERT_TRUE(listener_->peer());
  EXPECT_EQ(listener_->peer()->protocol, 1u);
  EXPECT_FALSE(listener_->peer()->clock_offset_ms);
  // A clock at the end of time is no more than a wrong one.
  hello.max_protocol = kMaxProtocol;
  hello.clock.ms = -1;
  EXPECT_EQ(decodeHello(encodeHello(hello))->clock.ms, int64_t{1} << 53);
}

TEST_F(Pairing, EndsWhenTheOtherSideSaysNothing) {
  start();
  joiner_->tick(kPairHelloLimitMs);
  expectRefused(*joiner_);
}

TEST_F(Pairing, EndsWhenEitherPersonRefusesEvenWhilePending) {
  start();
  carry();
  listener_->cancel();
  carry();
  expectRefused(*listener_);
  expectRefused(*joiner_);
  EXPECT_FALSE(joiner_->offer(kNothing).ok());
  start();
  carry();
  ASSERT_TRUE(joiner_->offer(kNothing).ok());
  ASSERT_TRUE(listener_->offer(kNothing).ok());
  carry();
  ASSERT_TRUE(joiner_->confirmByPerson().ok());
  ASSERT_TRUE(listener_->confirmByPerson().ok());
  carry();
  ASSERT_EQ(listener_->state(), State::kPending);
  joiner_->cancel();
  carry();
  expectRefused(*listener_);
}

TEST_F(Pairing, RefusesAConfirmationOfSomethingElse) {
  start();
  carry();
  ASSERT_TRUE(joiner_->offer(kLights).ok());
  ASSERT_TRUE(listener_->offer(kNothing).ok());
  carry();
  EXPECT_FALSE(listener_->feed(framed(encodeConfirm(std::string(32, 'x'))), 0).ok());
  expectRefused(*listener_);
}

TEST_F(Pairing, RefusesEveryMessageOutOfOrder) {
  const std::vector<std::string> messages = {encodeHello(helloOf(c_)), encodeProof({{}, {}, std::string(64, 's')}),
                                             encodeOffer(kLights),     encodeConfirm(std::string(32, 'h')),
                                             std::string("\x09what"),  std::string()};
  for (size_t i = 1; i < messages.size(); ++i) {
    start();
    EXPECT_FALSE(listener_->feed(framed(messages[i]), 0).ok()) << i;
    expectRefused(*listener_);
  }
  for (const std::string& message : messages) {
    if (message == messages[2]) continue;  // an offer is due then
    start();
    carry();
    EXPECT_FALSE(listener_->feed(framed(message), 0).ok());
    expectRefused(*listener_);
  }
  start();
  EXPECT_FALSE(listener_->feed(std::string("\xff\xff\xff\xff", 4), 0).ok());
  expectRefused(*listener_);
}

TEST_F(Pairing, RefusesEveryMessageThatIsCutShort) {
  PairingHello hello = helloOf(c_);
  hello.addresses = {"192.0.2.7:8765"};
  hello.wireguard_key = std::string(32, 'w');
  std::string bytes = encodeHello(hello);
  for (size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(decodeHello(bytes.substr(0, i)).ok());
  EXPECT_TRUE(decodeHello(bytes).ok());
  EXPECT_FALSE(decodeHello(bytes + "x").ok());
  hello.addresses = {"192.0.2.7:8765\n"};
  EXPECT_FALSE(decodeHello(encodeHello(hello)).ok());
  std::string offer = encodeOffer(kLights);
  for (size_t i = 0; i < offer.size(); ++i) EXPECT_FALSE(decodeOffer(offer.substr(0, i)).ok());
  EXPECT_FALSE(decodeOffer(encodeOffer({{{"Bad Kind", 1, 1}}})).ok());
  EXPECT_FALSE(decodeOffer(encodeOffer({{{"state", UINT64_MAX, 1}}})).ok());
}

TEST_F(Pairing, ShowsANameFromElsewhereOnlyInASafeForm) {
  PairingHello hello = helloOf(c_);
  hello.name = "evil\x1b[2J\xe2\x80\xae";
  EXPECT_EQ(decodeHello(encodeHello(hello))->name, "evil\xef\xbf\xbd[2J\xef\xbf\xbd");
}

TEST_F(Pairing, SumsUpKindsBeyondTheLimit) {
  start();
  carry();
  PairingOffer many;
  for (int i = 0; i < 100; ++i) many.kinds.push_back({"kind" + std::to_string(i), 1, 10});
  ASSERT_TRUE(joiner_->offer(many).ok());
  carry();
  EXPECT_EQ(listener_->toReceive()->kinds.size(), kMaxOfferKinds);
  EXPECT_EQ(listener_->toReceive()->entities(), 100u);
  EXPECT_EQ(listener_->toReceive()->bytes(), 1000u);
}

}  // namespace
}  // namespace hearthgate::trust
