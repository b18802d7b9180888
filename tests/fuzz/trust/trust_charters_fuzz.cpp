// Charters of strangers and of members: proofs of bytes, and real ones whose charters, signatures and keys were changed or put
// together anew. A charter is believed only as its keeper, or a majority of the members before, signed it.
#include <algorithm>
#include <set>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/input.h"
#include "trust/charter.h"
#include "trust/tuning.h"

using namespace hearthgate;
using namespace hearthgate::trust;

namespace {

constexpr size_t kHomes = 4;

PrivateKey key(size_t n) { return PrivateKey::fromWideBytes(std::string(48, static_cast<char>(n))); }

// A home has a root key and two operating keys, one after the other.
PrivateKey rootKey(size_t home) { return key(1 + home); }
PrivateKey operatingKey(size_t home, uint64_t epoch) { return key(1 + kHomes * epoch + home); }
HomeId homeId(size_t home) { return homeIdOf(rootKey(home).spki()); }

// Everything that four homes ever signed in one circle: founded by the first, handed over to the second, taken from it by the
// others; and another circle of the same people.
struct Signed {
  std::vector<SignedCharter> all;
  std::vector<KeyChain> chains;
  std::set<std::string> signed_bodies;  // with the keeper's signature, or a majority's
  model::OwnerId circle, other;

  static const Signed& get() {
    static const Signed made;
    return made;
  }

  static CharterSignature by(size_t home, const Charter& charter, uint64_t epoch = 1) {
    return signCharter(charter, homeId(home), epoch, operatingKey(home, epoch));
  }
  void add(const Charter& charter, const std::vector<size_t>& homes, uint64_t epoch = 1) {
    all.push_back({charter, {}});
    for (size_t home : homes) all.back().signatures.push_back(by(home, charter, epoch));
    signed_bodies.insert(charter.body());
  }

  Signed() {
    for (size_t home = 0; home < kHomes; ++home) {
      KeyChain chain{makeRootStatement(rootKey(home), operatingKey(home, 1), 1, std::string(32, '\0'), "first start")};
      chain.push_back(makeChainStatement(chain[0], operatingKey(home, 1), operatingKey(home, 2), "rotated"));
      chains.push_back(std::move(chain));
    }
    Charter charter;
    charter.name = "family";
    charter.keeper = homeId(0);
    charter.members = {{homeId(0), "a"}};
    add(charter, {0});
    circle = charter.circleId();
    charter = nextCharter(charter);
    for (size_t home = 1; home < kHomes; ++home) charter.members.push_back({homeId(home), "b"});
    std::sort(charter.members.begin(), charter.members.end(), [](const auto& a, const auto& b) { return a.home < b.home; });
    charter.lists = {{{"light.*", homeId(2), model::Access::kRead}}};
    add(charter, {0});
    charter = nextCharter(charter);
    charter.keeper = homeId(1);
    charter.hand_overs = 1;
    add(charter, {0});
    charter = nextCharter(charter);
    charter.strategies = {{model::StrategyRow::Scope::kOwner, "", "merge"}};
    add(charter, {1}, 2);
    charter = nextCharter(charter);
    charter.keeper = homeId(2);
    charter.hand_overs = 2;
    add(charter, {0, 2, 3});
    Charter second;
    second.name = "other";
    second.keeper = homeId(3);
    second.members = {{homeId(3), "d"}};
    add(second, {3});
    other = second.circleId();
    // Signed, and of no force: by a member who is not the keeper, by half of the members, by a keeper of before.
    for (const std::vector<size_t>& homes : {std::vector<size_t>{3}, {0, 3}, {1}}) {
      Charter taken = nextCharter(charter);
      taken.keeper = homeId(homes[0]);
      taken.hand_overs = 3;
      all.push_back({taken, {}});
      for (size_t home : homes) all.back().signatures.push_back(by(home, taken));
    }
  }
};

void change(SignedCharter* one, fuzz::Input* input) {
  const Signed& all = Signed::get();
  const SignedCharter& from = all.all[input->below(all.all.size())];
  Charter& charter = one->charter;
  switch (input->below(12)) {
    case 0: charter.circle = from.charter.circle; break;
    case 1: charter.name = input->bytes(); break;
    case 2: charter.hand_overs = input->flag() ? from.charter.hand_overs : input->word(); break;
    case 3: charter.number = input->flag() ? from.charter.number : input->word(); break;
    case 4: charter.previous = from.charter.hash(); break;
    case 5: charter.keeper = homeId(input->below(kHomes)); break;
    case 6: charter.members = from.charter.members; break;
    case 7: charter.lists = from.charter.lists; break;
    case 8: charter.strategies = from.charter.strategies; break;
    case 9: one->signatures = from.signatures; break;
    case 10:
      if (!one->signatures.empty()) one->signatures.push_back(one->signatures[0]);
      break;
    default:
      if (!one->signatures.empty()) one->signatures[0].epoch = input->below(4);
  }
}

void judge(const CharterProof& proof) {
  const Signed& all = Signed::get();
  for (const model::OwnerId& circle : {all.circle, all.other}) {
    const Status status = verifyCharterProof(circle, proof);
    if (!status.ok()) {
      HG_ASSERT(isUtf8(status.error().message));
      continue;
    }
    HG_ASSERT(proof.current().circleId() == circle && proof.current().member(proof.current().keeper));
    for (const SignedCharter& one : proof.chain) HG_ASSERT(all.signed_bodies.contains(one.charter.body()));
    (void)signedWithFormerKey(proof, {});
    for (size_t home = 0; home < kHomes; ++home) (void)proof.current().rowsFor(homeId(home));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const Signed& all = Signed::get();
  if (input.flag()) {
    std::string_view bytes = input.rest();
    auto proof = decodeCharterProof(bytes);
    if (!proof.ok()) {
      HG_ASSERT(proof.error().code == "bad_charter");
      return 0;
    }
    HG_ASSERT(encodeCharterProof(*proof) == bytes);
    judge(*proof);
    return 0;
  }
  CharterProof proof;
  std::vector<size_t> places;
  for (size_t i = 1 + input.below(5); i > 0; --i) places.push_back(input.below(all.all.size()));
  std::sort(places.begin(), places.end());
  for (size_t place : places) proof.chain.push_back(all.all[place]);
  for (size_t home = 0; home < kHomes; ++home) {
    if (input.below(8) != 0) proof.keys[homeId(home)] = all.chains[input.below(16) == 0 ? input.below(kHomes) : home];
  }
  for (size_t edits = input.below(3); edits > 0; --edits) change(&proof.chain[input.below(proof.chain.size())], &input);
  std::string bytes = encodeCharterProof(proof);
  input.damage(&bytes);
  if (auto read = decodeCharterProof(bytes); read.ok()) judge(*read);
  return 0;
}
