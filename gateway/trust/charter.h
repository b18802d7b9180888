// The charter of a circle (TRUST.md T16): who its members are, who keeps it, what each may do and which strategies decide.
// A home shows a charter with the chain that leads to it: the founding one, whose hash is the circle's id, and each that
// made another home the keeper. Values and pure functions; any thread.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "model/address.h"
#include "model/rules.h"
#include "trust/key_statement.h"

namespace hearthgate::trust {

using CharterHash = FixedId<32, struct CharterHashTag>;
using CharterNonce = FixedId<16, struct CharterNonceTag>;

struct Charter {
  struct Member {
    HomeId home;
    std::string name;  // as its own person calls it
    bool operator==(const Member&) const = default;
  };
  // What a member may do with what the pattern names; for all members when it names none. Read or write; without a row a
  // member may write (DESIGN.md section 1).
  struct Row {
    std::string pattern;
    std::optional<HomeId> home;
    model::Access access = model::Access::kWrite;
    bool operator==(const Row&) const = default;
  };

  std::optional<model::OwnerId> circle;  // nothing in the founding one: its hash makes the id
  CharterNonce nonce;                    // in the founding one, so that two founded alike are two
  std::string name;
  uint64_t hand_overs = 0;  // how often the keeper changed
  uint64_t number = 1;      // previous + 1
  CharterHash previous;     // zero in the founding one
  HomeId keeper;
  std::vector<Member> members;  // by home; the keeper is one
  // One list; more of them when the keeper has met a charter of its own that it had forgotten (T17): each access is then the
  // least of what they give, until a person has looked.
  std::vector<std::vector<Row>> lists{{}};
  model::StrategyRows strategies;

  bool operator==(const Charter&) const = default;

  // What is signed and hashed.
  std::string body() const;
  CharterHash hash() const;
  model::OwnerId circleId() const;
  const Member* member(const HomeId& home) const;
  // What the lists give a member, as rows about that home alone; no list for others. The keeper may write everything: what
  // nobody may write could differ from home to home for ever.
  std::vector<model::AccessRows> rowsFor(const HomeId& home) const;
};

// The order in which charters replace each other.
struct CharterRank {
  uint64_t hand_overs = 0;
  uint64_t number = 0;
  CharterHash hash;
  auto operator<=>(const CharterRank&) const = default;
};
CharterRank rankOf(const Charter& charter);

struct CharterSignature {
  HomeId home;
  uint64_t epoch = 0;     // of the operating key that made it
  std::string signature;  // kSignatureBytes
  bool operator==(const CharterSignature&) const = default;
};

// The keeper's signature, or those of a majority of the members of the charter before (T16).
struct SignedCharter {
  Charter charter;
  std::vector<CharterSignature> signatures;
  bool operator==(const SignedCharter&) const = default;
};

// A new circle of one member, its keeper. `name` is fit to be shown (displayName()).
Charter foundCircle(std::string name, Charter::Member keeper, Random& random);
// The next charter after `before`, with nothing changed yet.
Charter nextCharter(const Charter& before);
CharterSignature signCharter(const Charter& charter, const HomeId& home, uint64_t epoch, const PrivateKey& operating);

// A charter and how one comes to it.
struct CharterProof {
  std::vector<SignedCharter> chain;   // the founding one first; where a majority chose the keeper, also the one before
  std::map<HomeId, KeyChain> keys;    // of everybody who signed
  const Charter& current() const { return chain.back().charter; }
  bool operator==(const CharterProof&) const = default;
};

std::string encodeCharterProof(const CharterProof& proof);
// Shape and limits only. Fails with `bad_charter`.
Result<CharterProof> decodeCharterProof(std::string_view bytes);

// Whether `proof` shows that its last charter is one of `circle`. Fails with `charter_not_signed` and a sentence that
// says what is wrong. Chains of keys are verified here too; newer ones that are known already take the place of older
// ones: under a key that a root statement took away nothing holds.
Status verifyCharterProof(const model::OwnerId& circle, const CharterProof& proof,
                   const std::map<HomeId, KeyChain>& known_keys = {});
// Whether `voter` alone has signed the last charter of `vote`, under a key that it has or that `vote` shows. What led to the
// charter is not looked at.
bool isVoteOf(const CharterProof& vote, const HomeId& voter, const std::map<HomeId, KeyChain>& known_keys);
// Whether the last charter's signature was made with an operating key that its home has replaced since.
bool signedWithFormerKey(const CharterProof& proof, const std::map<HomeId, KeyChain>& known_keys);

// For a keeper that meets a charter of its own that it did not build on (T17): members that are in both, each access the
// lesser of the two. The next after the later of them.
Charter leastOfBoth(const Charter& one, const Charter& other);

}  // namespace hearthgate::trust
