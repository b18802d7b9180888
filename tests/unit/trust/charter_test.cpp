#include "trust/charter.h"

#include "support.h"
#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

using model::Access;

// A home with its keys.
struct Person {
  explicit Person(uint64_t seed) : random(seed), identity(Identity::inMemory(random)) {}
  HomeId home() const { return identity.home(); }
  Charter::Member member() const { return {home(), "home " + home().text().substr(0, 4)}; }
  CharterSignature sign(const Charter& charter) const { return signCharter(charter, home(), identity.epoch(), identity.operatingKey()); }

  SeededRandom random;
  Identity identity;
};

class Charters : public ::testing::Test {
 protected:
  // The four of them found a circle: three charters by its keeper.
  Charters() {
    proof_.chain.push_back(by(ada_, foundCircle("family", ada_.member(), random_)));
    circle_ = proof_.current().circleId();
    Charter charter = nextCharter(proof_.current());
    for (const Person* person : {&ben_, &eve_, &joe_}) charter.members.push_back(person->member());
    std::sort(charter.members.begin(), charter.members.end(), [](const auto& a, const auto& b) { return a.home < b.home; });
    issue(by(ada_, charter));
    showKeys({&ada_});
  }

  static SignedCharter by(const Person& signer, const Charter& charter) { return {charter, {signer.sign(charter)}}; }
  static SignedCharter by(const std::vector<const Person*>& signers, const Charter& charter) {
    SignedCharter all{charter, {}};
    for (const Person* signer : signers) all.signatures.push_back(signer->sign(charter));
    return all;
  }
  // Takes the place of the last one, unless that led to it.
  void issue(SignedCharter next) {
    const bool leads = proof_.chain.size() == 1 || !(next.charter.keeper == proof_.current().keeper);
    if (!leads) proof_.chain.pop_back();
    proof_.chain.push_back(std::move(next));
  }
  void showKeys(const std::vector<const Person*>& people) {
    for (const Person* person : people) proof_.keys[person->home()] = person->identity.chain();
  }
  Charter handedTo(const Person& keeper) {
    Charter charter = nextCharter(proof_.current());
    charter.keeper = keeper.home();
    ++charter.hand_overs;
    return charter;
  }
  std::string refused() {
    const Status status = verifyCharterProof(circle_, proof_, known_);
    return status.ok() ? "" : status.error().message;
  }

  SeededRandom random_{7};
  Person ada_{1}, ben_{2}, eve_{3}, joe_{4}, stranger_{5};
  CharterProof proof_;
  model::OwnerId circle_;
  std::map<HomeId, KeyChain> known_;
};

TEST_F(Charters, NameACircleByTheHashOfTheFoundingOne) {
  EXPECT_EQ(refused(), "");
  EXPECT_TRUE(circle_.isCircle());
  EXPECT_EQ(circle_.raw(), proof_.chain[0].charter.hash().view().substr(0, 16));
  EXPECT_EQ(proof_.current().circleId(), circle_);
  Charter again = foundCircle("family", ada_.member(), random_);
  EXPECT_NE(again.circleId(), circle_);
  EXPECT_NE(verifyCharterProof(again.circleId(), proof_).ok(), true);
}

TEST_F(Charters, GoOverTheWireWhole) {
  Charter charter = nextCharter(proof_.current());
  charter.lists = {{{"config.*", std::nullopt, Access::kRead}, {"config.a", ben_.home(), Access::kWrite}}, {}};
  charter.strategies = {{model::StrategyRow::Scope::kKind, "config", "merge"}, {model::StrategyRow::Scope::kOwner, "", "latest-wins"}};
  issue(by(ada_, charter));
  auto read = decodeCharterProof(encodeCharterProof(proof_));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, proof_);
  EXPECT_EQ(refused(), "");
}

TEST_F(Charters, AreReadFromNoDamagedBytes) {
  const std::string whole = encodeCharterProof(proof_);
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decodeCharterProof(whole.substr(0, size)).ok()) << size;
  EXPECT_FALSE(decodeCharterProof(whole + "x").ok());
  for (size_t bit = 0; bit < whole.size() * 8; bit += 61) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    auto read = decodeCharterProof(damaged);
    EXPECT_FALSE(read.ok() && verifyCharterProof(circle_, *read).ok()) << bit;
  }
}

TEST_F(Charters, NeedTheKeeper) {
  const Charter next = nextCharter(proof_.current());
  const SignedCharter before = proof_.chain.back();
  issue(by(ben_, next));
  showKeys({&ben_});
  EXPECT_NE(refused().find("keeper did not sign"), std::string::npos) << refused();
  issue(by({&ben_, &eve_, &joe_}, next));
  showKeys({&ben_, &eve_, &joe_});
  EXPECT_NE(refused(), "") << "a majority changes the keeper and nothing else";
  issue({next, {}});
  EXPECT_NE(refused(), "");
  // Somebody else's signature under the keeper's name, and the keeper's of another charter.
  CharterSignature forged = stranger_.sign(next);
  forged.home = ada_.home();
  issue({next, {forged}});
  EXPECT_NE(refused(), "");
  issue({next, before.signatures});
  EXPECT_NE(refused(), "");
  issue(by(ada_, next));
  EXPECT_EQ(refused(), "");
}

TEST_F(Charters, LeaveOutThoseBetweenOfOneKeeper) {
  Charter later = nextCharter(nextCharter(nextCharter(proof_.current())));
  issue(by(ada_, later));
  EXPECT_EQ(refused(), "");
  later.number = 2;  // the founding one is 1: so this is the next one, and names another as the one before
  issue(by(ada_, later));
  EXPECT_NE(refused(), "");
}

TEST_F(Charters, AreHandedOverByTheKeeper) {
  const SignedCharter founding = proof_.chain[0], handed = by(ada_, handedTo(ben_)), next = by(ben_, nextCharter(handed.charter));
  showKeys({&ben_});
  const auto with = [&](std::vector<SignedCharter> chain) {
    proof_.chain = std::move(chain);
    return refused();
  };
  EXPECT_EQ(with({founding, handed}), "");
  EXPECT_EQ(with({founding, handed, next}), "");
  EXPECT_NE(with({founding, next}), "") << "nothing shows how ben became the keeper";
  EXPECT_NE(with({founding, handed, by(ada_, next.charter)}), "") << "ada is the keeper no more";
  EXPECT_NE(with({founding, by(ben_, handed.charter)}), "") << "ben cannot take it";
  EXPECT_NE(with({handed, next}), "");
}

TEST_F(Charters, AreHandedOverByAMajorityOfTheMembersBefore) {
  const Charter elected = handedTo(joe_);
  showKeys({&ben_, &eve_, &joe_, &stranger_});
  const std::vector<SignedCharter> before = proof_.chain;
  const auto with = [&](SignedCharter now) {
    proof_.chain = before;
    proof_.chain.push_back(std::move(now));
    return refused();
  };
  EXPECT_EQ(with(by({&ben_, &eve_, &joe_}, elected)), "");
  EXPECT_NE(with(by({&ben_, &joe_}, elected)), "") << "two of four are no majority";
  EXPECT_NE(with(by({&ben_, &joe_, &stranger_}, elected)), "");
  EXPECT_NE(with(by({&ben_, &joe_, &joe_, &joe_}, elected)), "");
  // It has to follow the charter whose members they are.
  proof_.chain = {before[0], by({&ben_, &eve_, &joe_}, elected)};
  EXPECT_NE(refused(), "");
  // Who adds members in the same breath has no majority of the old ones.
  Charter packed = elected;
  packed.members.push_back(stranger_.member());
  std::sort(packed.members.begin(), packed.members.end(), [](const auto& a, const auto& b) { return a.home < b.home; });
  EXPECT_NE(with(by({&joe_, &stranger_}, packed)), "");
}

TEST_F(Charters, OutliveARotationAndNotACompromisedKey) {
  EXPECT_FALSE(signedWithFormerKey(proof_, known_));
  ASSERT_TRUE(ada_.identity.renewKey({"rotated", "", false}, random_, 1'000).ok());
  known_[ada_.home()] = ada_.identity.chain();
  EXPECT_EQ(refused(), "");
  EXPECT_TRUE(signedWithFormerKey(proof_, known_));
  issue(by(ada_, proof_.current()));
  proof_.chain[0] = by(ada_, proof_.chain[0].charter);
  showKeys({&ada_});
  EXPECT_FALSE(signedWithFormerKey(proof_, known_));
  EXPECT_EQ(refused(), "");
  // The root key takes away what came before: the same bytes hold no more for who knows it.
  const PrivateKey root = rootKeyOf(std::string(16, 'r')), old_key = PrivateKey::generate(random_), new_key = PrivateKey::generate(random_);
  const HomeId home = homeIdOf(root.spki());
  const std::string none(32, '\0');
  CharterProof of_root;
  const Charter founded = foundCircle("one", {home, "root"}, random_);
  of_root.chain = {{founded, {signCharter(founded, home, 1, old_key)}}};
  of_root.keys[home] = {makeRootStatement(root, old_key, 1, none, "first start")};
  EXPECT_TRUE(verifyCharterProof(founded.circleId(), of_root).ok());
  const std::map<HomeId, KeyChain> now{{home, {makeRootStatement(root, new_key, 2, none, "compromised")}}};
  EXPECT_FALSE(verifyCharterProof(founded.circleId(), of_root, now).ok());
  of_root.chain[0].signatures = {signCharter(founded, home, 2, new_key)};
  EXPECT_TRUE(verifyCharterProof(founded.circleId(), of_root, now).ok());
}

TEST_F(Charters, SayWhatAMemberMayDo) {
  Charter charter = nextCharter(proof_.current());
  charter.lists = {{{"config.*", std::nullopt, Access::kRead}, {"config.a", ben_.home(), Access::kWrite}, {"*", joe_.home(), Access::kRead}}};
  const auto may = [&](const Person& person, const char* id) {
    model::Rules rules;
    rules.lists = charter.rowsFor(person.home());
    return rules.accessFor(id);
  };
  EXPECT_EQ(may(ben_, "config.a"), Access::kWrite);
  EXPECT_EQ(may(ben_, "config.b"), Access::kRead);
  EXPECT_EQ(may(ben_, "light.a"), Access::kWrite);
  EXPECT_EQ(may(joe_, "light.a"), Access::kRead);
  EXPECT_EQ(may(stranger_, "light.a"), Access::kNone);
  EXPECT_EQ(may(ada_, "config.a"), Access::kWrite) << "the keeper always may";
  charter.lists.push_back({{"light.*", std::nullopt, Access::kRead}});
  EXPECT_EQ(may(ben_, "light.a"), Access::kRead) << "of two lists the lesser";
  EXPECT_EQ(may(ben_, "config.b"), Access::kRead);
}

TEST_F(Charters, OfAKeeperThatForgotGiveTheLeastOfBoth) {
  Charter one = nextCharter(proof_.current()), other = one;
  std::erase_if(one.members, [&](const auto& member) { return member.home == ben_.home(); });
  std::erase_if(other.members, [&](const auto& member) { return member.home == eve_.home(); });
  one.lists = {{{"config.*", std::nullopt, Access::kRead}, {"light.*", eve_.home(), Access::kRead}}};
  other.lists = {{{"config.*", joe_.home(), Access::kWrite}}};
  other.number = one.number + 4;
  const Charter least = leastOfBoth(one, other);
  EXPECT_EQ(least.number, other.number + 1);
  EXPECT_EQ(least.previous, other.hash());
  EXPECT_EQ(least.members.size(), 2u);
  EXPECT_TRUE(least.member(ada_.home()) && least.member(joe_.home()));
  model::Rules rules;
  rules.lists = least.rowsFor(joe_.home());
  EXPECT_EQ(rules.accessFor("config.a"), Access::kRead);
  EXPECT_EQ(leastOfBoth(other, one).hash(), least.hash());
  issue(by(ada_, least));
  EXPECT_TRUE(decodeCharterProof(encodeCharterProof(proof_)).ok());
}

TEST_F(Charters, OfAKeeperThatForgotCanBeToldHoweverMuchBothSay) {
  const auto full = [&](const char* pattern, size_t rows) {
    Charter charter = nextCharter(proof_.current());
    charter.lists = {std::vector<Charter::Row>(rows, {pattern, std::nullopt, Access::kWrite})};
    return charter;
  };
  const auto told = [&](const Charter& least) {
    CharterProof proof = proof_;
    proof.chain.back() = by(ada_, least);
    return decodeCharterProof(encodeCharterProof(proof)).ok();
  };
  const Charter fits = leastOfBoth(full("a.*", kMaxCharterRows / 2), full("b.*", kMaxCharterRows / 2));
  EXPECT_TRUE(told(fits));
  EXPECT_EQ(fits.lists.size(), 2u);
  const Charter over = leastOfBoth(full("a.*", kMaxCharterRows / 2), full("b.*", kMaxCharterRows / 2 + 1));
  EXPECT_TRUE(told(over));
  model::Rules rules;
  rules.lists = over.rowsFor(ben_.home());
  EXPECT_EQ(rules.accessFor("a.x"), Access::kRead);
}

TEST_F(Charters, ReplaceEachOtherInOneOrder) {
  const Charter first = proof_.current(), next = nextCharter(first), handed = handedTo(ben_);
  Charter later = nextCharter(nextCharter(next));
  EXPECT_LT(rankOf(first), rankOf(next));
  EXPECT_LT(rankOf(later), rankOf(handed)) << "a new keeper's beats whatever the one before still issues";
  Charter twin = next;
  twin.name = "another name";
  EXPECT_NE(rankOf(twin) < rankOf(next), rankOf(next) < rankOf(twin));
}

TEST_F(Charters, KeepTheirLimits) {
  const auto readable = [&](const Charter& charter) {
    CharterProof proof = proof_;
    proof.chain.back() = by(ada_, charter);
    return decodeCharterProof(encodeCharterProof(proof)).ok();
  };
  Charter charter = nextCharter(proof_.current());
  const auto fill = [&](size_t count) {
    charter.members = {ada_.member()};
    while (charter.members.size() < count) charter.members.push_back({random_.id<HomeId>(), std::string(kMaxHomeNameBytes, 'n')});
    std::sort(charter.members.begin(), charter.members.end(), [](const auto& a, const auto& b) { return a.home < b.home; });
  };
  fill(kMaxCircleMembers);
  EXPECT_TRUE(readable(charter));
  fill(kMaxCircleMembers + 1);
  EXPECT_FALSE(readable(charter));
  fill(2);
  std::swap(charter.members[0], charter.members[1]);
  EXPECT_FALSE(readable(charter)) << "members by home";
  fill(2);
  charter.lists = {std::vector<Charter::Row>(kMaxCharterRows, {"light.*", std::nullopt, Access::kRead})};
  EXPECT_TRUE(readable(charter));
  charter.lists.push_back({{"a.b", std::nullopt, Access::kRead}});
  EXPECT_FALSE(readable(charter));
  charter.lists = {{{"light.*", stranger_.home(), Access::kRead}}};
  EXPECT_FALSE(readable(charter)) << "a row about a home that is no member";
  charter.lists = {{}};
  charter.keeper = stranger_.home();
  EXPECT_FALSE(readable(charter)) << "a keeper that is no member";
  charter.keeper = ada_.home();
  charter.name = "\x1b[2J";
  EXPECT_FALSE(readable(charter));
  charter.name = "fine";
  EXPECT_TRUE(readable(charter));
}

}  // namespace
}  // namespace hearthgate::trust
