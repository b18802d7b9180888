// The three limits that look at addresses: PairingGate (T1), HandshakeGate (T7), tokens (T28).
#include <sys/stat.h>

#include <fstream>

#include "support.h"
#include "trust/handshake_gate.h"
#include "trust/pairing_gate.h"
#include "trust/private_file.h"
#include "trust/source.h"
#include "trust/token.h"
#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

std::string address(int i) { return "192.0.2." + std::to_string(i); }

TEST(Source, TakesIpv6AsItsNetwork) {
  EXPECT_EQ(sourceOf("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(sourceOf("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(sourceOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(sourceOf("2001:db8:1:2::ffff"), "2001:db8:1:2::/64");
  EXPECT_EQ(sourceOf("[fe80::1%eth0]"), "fe80::/64");
  EXPECT_NE(sourceOf("2001:db8:1:3::1"), sourceOf("2001:db8:1:2::1"));
}

TEST(PairingGate, AThousandFailuresDoNotCloseACode) {
  PairingGate gate;
  gate.open(0, 300'000);
  int64_t now = 0;
  int throttled = 0;
  for (int i = 0; i < 1000; ++i) {
    auto ticket = gate.admit(address(i % 50), now += 200);
    if (ticket.ok()) {
      gate.failed(*ticket);
    } else {
      EXPECT_EQ(ticket.error().code, "pairing_throttled");
      ++throttled;
    }
  }
  EXPECT_GT(throttled, 800);
  EXPECT_TRUE(gate.isOpen(now));
  auto right = gate.admit("198.51.100.1", now + 60'000);
  ASSERT_TRUE(right.ok());
  EXPECT_TRUE(gate.succeeded(*right, now + 60'100));
  EXPECT_FALSE(gate.isOpen(now + 60'100));
}

TEST(PairingGate, ShutsOutASourceAfterThreeFailuresUntilTheNextCode) {
  PairingGate gate;
  gate.open(0, 300'000);
  for (int i = 0; i < 3; ++i) gate.failed(*gate.admit("2001:db8::" + std::to_string(i + 1), i));
  EXPECT_EQ(gate.admit("2001:db8::99", 100'000).error().code, "pairing_throttled");
  EXPECT_TRUE(gate.admit("2001:db8:0:1::1", 100'000).ok());
  EXPECT_EQ(gate.failedText(), "3 failed tries from 2001:db8::/64");
  EXPECT_EQ(gate.failedCount(), 3);
  gate.open(200'000, 300'000);
  EXPECT_EQ(gate.failedText(), "");
  EXPECT_TRUE(gate.admit("2001:db8::99", 200'000).ok());
}

TEST(PairingGate, IsConsumedByTheFirstOfManyRightJoins) {
  PairingGate gate;
  int successes = 0;
  gate.open(0, 300'000);
  std::vector<PairingGate::Ticket> tickets;
  for (int i = 0; i < 100; ++i) {
    auto ticket = gate.admit(address(i), 0);
    if (ticket.ok()) tickets.push_back(*ticket);
  }
  EXPECT_EQ(tickets.size(), static_cast<size_t>(kPairHandshakesAtOnce));
  for (auto ticket : tickets) successes += gate.succeeded(ticket, 1) ? 1 : 0;
  for (auto ticket : tickets) successes += gate.succeeded(ticket, 2) ? 1 : 0;
  EXPECT_EQ(successes, 1);
  EXPECT_EQ(gate.admit("198.51.100.1", 3).error().code, "pairing_not_open");
}

TEST(PairingGate, IsLeftOpenByAJoinThatHadToWait) {
  PairingGate gate;
  gate.open(0, 300'000);
  gate.release(*gate.admit(address(1), 0));
  EXPECT_TRUE(gate.isOpen(1));
  EXPECT_EQ(gate.failedCount(), 0);
  auto again = gate.admit(address(1), 1);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(gate.succeeded(*again, 2));
}

TEST(PairingGate, LetsOneASourceRunFourInAllAndThirtyAMinute) {
  PairingGate gate;
  gate.open(0, 300'000);
  auto first = gate.admit(address(1), 0);
  EXPECT_FALSE(gate.admit(address(1), 0).ok());
  for (int i = 2; i <= 4; ++i) EXPECT_TRUE(gate.admit(address(i), 0).ok());
  EXPECT_FALSE(gate.admit(address(5), 0).ok());
  EXPECT_EQ(gate.expire(9'999).size(), 0u);
  EXPECT_EQ(gate.expire(10'000).size(), 4u);
  EXPECT_FALSE(gate.succeeded(*first, 10'000));
  EXPECT_EQ(gate.failedCount(), 4);
  for (int i = 0; i < 26; ++i) gate.failed(*gate.admit(address(100 + i), 20'000));
  EXPECT_FALSE(gate.admit(address(200), 20'000).ok());
  EXPECT_TRUE(gate.admit(address(200), 60'000).ok());
}

TEST(PairingGate, LetsAnOldHandshakeGiveWayAndCountsIt) {
  PairingGate gate;
  gate.open(0, 300'000);
  auto silent = gate.admit(address(1), 0);
  EXPECT_FALSE(gate.giveWay(address(1), kPairGiveWayMs - 1));
  EXPECT_FALSE(gate.giveWay(address(2), kPairGiveWayMs)) << "there is room for another source";
  EXPECT_EQ(gate.giveWay(address(1), kPairGiveWayMs), *silent);
  EXPECT_EQ(gate.failedText(), "1 failed try from " + address(1));
  EXPECT_FALSE(gate.succeeded(*silent, kPairGiveWayMs)) << "it came too late";
  EXPECT_TRUE(gate.admit(address(1), kPairGiveWayMs).ok());
  // Four silent ones keep a fifth source away for three seconds only.
  for (int i = 2; i <= 4; ++i) ASSERT_TRUE(gate.admit(address(i), 10'000).ok());
  EXPECT_FALSE(gate.admit(address(5), 10'000).ok());
  ASSERT_TRUE(gate.giveWay(address(5), 10'000)) << "that of the first source is seven seconds old";
  EXPECT_TRUE(gate.admit(address(5), 10'000).ok());
}

TEST(PairingGate, LetsNothingGiveWayForASourceThatFailedTooOften) {
  PairingGate gate;
  gate.open(0, 300'000);
  int64_t now = 0;
  for (int i = 0; i < kPairFailuresPerSource; ++i, now += kPairGiveWayMs) {
    ASSERT_TRUE(gate.admit(address(1), now).ok());
    ASSERT_TRUE(gate.giveWay(address(1), now + kPairGiveWayMs));
  }
  for (int i = 2; i <= 5; ++i) ASSERT_TRUE(gate.admit(address(i), now).ok());
  EXPECT_FALSE(gate.giveWay(address(1), now + kPairGiveWayMs));
  gate.close();
  EXPECT_FALSE(gate.giveWay(address(2), now + kPairGiveWayMs));
}

TEST(PairingGate, ForgetsATicketOfAnEarlierCode) {
  PairingGate gate;
  gate.open(0, 300'000);
  auto old = gate.admit(address(1), 0);
  gate.open(1, 300'000);
  EXPECT_FALSE(gate.succeeded(*old, 2));
  auto older = gate.admit(address(2), 2);
  gate.open(2, 300'000);
  gate.failed(*older);
  EXPECT_EQ(gate.failedCount(), 0);
  EXPECT_TRUE(gate.isOpen(2));
  gate.close();
  EXPECT_FALSE(gate.isOpen(2));
  gate.open(3, 1000);
  EXPECT_FALSE(gate.isOpen(1003));
}

TEST(HandshakeGate, AFloodShutsOutNoHomeThatWasHereToday) {
  HandshakeGate gate;
  auto home = gate.admit("203.0.113.5", 0);
  ASSERT_TRUE(home.ok());
  gate.authenticated(*home, 10);
  int64_t now = 1000;
  for (int i = 0; i < 5000; ++i) (void)gate.admit("2001:db8:0:" + std::to_string(i) + "::1", now);
  EXPECT_EQ(gate.running(), static_cast<size_t>(kUnauthenticatedLinks));
  EXPECT_GT(gate.refused(), 4900u);
  EXPECT_EQ(gate.admit("198.51.100.1", now).error().code, "link_throttled");
  EXPECT_TRUE(gate.admit("203.0.113.5", now).ok());
  // A day later it is a stranger again.
  EXPECT_FALSE(gate.admit("203.0.113.5", 10 + kRecentSuccessMs).ok());
}

TEST(HandshakeGate, BoundsLinksOfASourceAndHandshakesOfASecond) {
  HandshakeGate gate;
  std::vector<HandshakeGate::Ticket> tickets;
  for (int i = 0; i < kUnauthenticatedPerSource; ++i) tickets.push_back(*gate.admit("192.0.2.1", 0));
  EXPECT_FALSE(gate.admit("192.0.2.1", 0).ok());
  for (auto ticket : tickets) gate.ended(ticket);
  gate.ended(tickets[0]);
  EXPECT_EQ(gate.running(), 0u);
  int admitted = 0;
  for (int i = 0; i < 200; ++i) {
    auto ticket = gate.admit(address(i % 250), 0);
    if (!ticket.ok()) continue;
    ++admitted;
    gate.ended(*ticket);
  }
  EXPECT_EQ(admitted + kUnauthenticatedPerSource, kHandshakesPerSecond);
  EXPECT_TRUE(gate.admit("192.0.2.1", 100).ok());
}

TEST(HandshakeGate, EndsWhatTakesTooLong) {
  HandshakeGate gate(HandshakeGate::Limits{2, 2, 1000});
  auto one = gate.admit("192.0.2.1", 0);
  EXPECT_TRUE(gate.admit("192.0.2.1", 5000).ok());
  EXPECT_FALSE(gate.admit("192.0.2.2", 5000).ok());
  EXPECT_EQ(gate.expire(10'000), std::vector<HandshakeGate::Ticket>{*one});
  EXPECT_TRUE(gate.admit("192.0.2.2", 10'000).ok());
}

TEST(AdminToken, IsMadeOnceAndKept) {
  TemporaryFolder dir;
  auto made = AdminToken::loadOrCreate(dir.file("admin.token"), systemRandom());
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->text().size(), 52u);
  struct stat about {};
  ASSERT_EQ(::stat(dir.file("admin.token").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  auto again = AdminToken::loadOrCreate(dir.file("admin.token"), systemRandom());
  EXPECT_EQ(again->text(), made->text());
  EXPECT_TRUE(again->matches(made->text()));
  EXPECT_FALSE(again->matches(""));
  EXPECT_FALSE(again->matches(made->text() + "a"));
  auto rotated = AdminToken::rotate(dir.file("admin.token"), systemRandom());
  EXPECT_FALSE(rotated->matches(made->text()));
  EXPECT_TRUE(AdminToken::loadOrCreate(dir.file("admin.token"), systemRandom())->matches(rotated->text()));
}

TEST(AdminToken, IsRefusedWhenOthersCanReadIt) {
  TemporaryFolder dir;
  ASSERT_TRUE(AdminToken::loadOrCreate(dir.file("admin.token"), systemRandom()).ok());
  ::chmod(dir.file("admin.token").c_str(), 0604);
  EXPECT_EQ(AdminToken::loadOrCreate(dir.file("admin.token"), systemRandom()).error().code, "file_exposed");
  ASSERT_TRUE(writePrivateFile(dir.file("short.token"), "abc\n").ok());
  EXPECT_EQ(AdminToken::loadOrCreate(dir.file("short.token"), systemRandom()).error().code, "token_corrupt");
}

TEST(WrongTokenLimiter, LetsTheRightTokenPassWhateverHappened) {
  using Verdict = WrongTokenLimiter::Verdict;
  WrongTokenLimiter limiter;
  for (int i = 0; i < kWrongTokensPerMinute; ++i) {
    EXPECT_EQ(limiter.judge(false, "192.0.2.1", 1000 + i), Verdict::kUnauthorized);
  }
  EXPECT_EQ(limiter.judge(false, "192.0.2.1", 2000), Verdict::kTooMany);
  EXPECT_EQ(limiter.retryAfterS("192.0.2.1", 2000), 59);
  EXPECT_EQ(limiter.judge(true, "192.0.2.1", 2000), Verdict::kPass);
  EXPECT_EQ(limiter.judge(false, "192.0.2.2", 2000), Verdict::kUnauthorized);
  EXPECT_EQ(limiter.judge(false, "192.0.2.1", 61'000), Verdict::kUnauthorized);
  EXPECT_EQ(limiter.retryAfterS("192.0.2.9", 2000), 0);
  EXPECT_EQ(limiter.retryAfterS("192.0.2.1", 200'000), 0);
  for (int i = 0; i < 3000; ++i)
    (void)limiter.judge(false, "198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250), 200'000);
}

}  // namespace
}  // namespace hearthgate::trust
