#include "trust/charter.h"

#include <algorithm>

#include "base/assert.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "model/address.h"
#include "model/limits.h"
#include "trust/tuning.h"
#include "trust/wire.h"

namespace hearthgate::trust {
namespace {

using model::Access;
using model::StrategyRow;

constexpr size_t kCircleBytes = 16;

Error notSigned(const std::string& what) { return trustError("charter_not_signed", "the charter of a circle was refused: " + what); }

std::string signedFields(const Charter& charter, const HomeId& home, uint64_t epoch) {
  Writer writer;
  writer.field(charter.body()).field(home.view()).u64(epoch);
  return writer.take();
}

bool isShown(const std::string& text, size_t most) { return !text.empty() && text.size() <= most && displayName(text, most) == text; }

bool isSound(const StrategyRow& row) {
  if (!isShown(row.strategy, kMaxStrategyBytes)) return false;
  switch (row.scope) {
    case StrategyRow::Scope::kOwner:
    case StrategyRow::Scope::kDefault: return row.pattern.empty();
    case StrategyRow::Scope::kKind: return model::checkKind(row.pattern).ok();
    case StrategyRow::Scope::kEntity:
    case StrategyRow::Scope::kGlob: break;
  }
  return model::checkPattern(row.pattern).ok();
}

size_t rowsOf(const Charter& charter) {
  size_t rows = 0;
  for (const std::vector<Charter::Row>& list : charter.lists) rows += list.size();
  return rows;
}

// What a charter has to be whoever signed it.
bool isSound(const Charter& charter) {
  const bool founding = !charter.circle;
  if (founding != (charter.number == 1) || founding != charter.previous.empty() || (founding && charter.hand_overs != 0)) return false;
  if (charter.number == 0 || charter.number >= kMaxCharterNumber || charter.hand_overs >= charter.number) return false;
  if (!isShown(charter.name, kMaxHomeNameBytes) || charter.members.empty() || charter.members.size() > kMaxCircleMembers) return false;
  if (charter.lists.empty() || charter.lists.size() > kMaxCharterLists || charter.strategies.size() > kMaxCharterRows) return false;
  for (size_t i = 0; i < charter.members.size(); ++i) {
    if (!isShown(charter.members[i].name, kMaxHomeNameBytes)) return false;
    if (i > 0 && !(charter.members[i - 1].home < charter.members[i].home)) return false;
  }
  if (!charter.member(charter.keeper)) return false;
  if (rowsOf(charter) > kMaxCharterRows) return false;
  for (const std::vector<Charter::Row>& list : charter.lists) {
    for (const Charter::Row& row : list) {
      if (row.access == Access::kNone || !model::checkPattern(row.pattern).ok()) return false;
      if (row.home && !charter.member(*row.home)) return false;
    }
  }
  for (const StrategyRow& row : charter.strategies) {
    if (!isSound(row)) return false;
  }
  return true;
}

Charter::Row readRow(Reader& reader) {
  Charter::Row row;
  row.pattern = reader.field(model::kMaxNameBytes);
  const std::string_view home = reader.field(HomeId::kSize);
  if (!home.empty()) row.home = HomeId::fromBytes(home);
  const uint8_t access = reader.u8();
  if ((!home.empty() && !row.home) || access > static_cast<uint8_t>(Access::kWrite)) reader.fail();
  row.access = static_cast<Access>(access);
  return row;
}

Charter readCharter(Reader& reader) {
  Charter charter;
  const std::string_view circle = reader.field(kCircleBytes);
  if (!circle.empty()) {
    charter.circle = model::OwnerId::fromBytes(circle);
    if (!charter.circle) reader.fail();
  }
  charter.nonce = CharterNonce::fromBytes(reader.fixed(CharterNonce::kSize)).value_or(CharterNonce{});
  charter.name = reader.field(kMaxHomeNameBytes);
  charter.hand_overs = reader.u64();
  charter.number = reader.u64();
  charter.previous = CharterHash::fromBytes(reader.fixed(CharterHash::kSize)).value_or(CharterHash{});
  charter.keeper = HomeId::fromBytes(reader.fixed(HomeId::kSize)).value_or(HomeId{});
  for (uint32_t i = reader.count(kMaxCircleMembers); i > 0 && reader.ok(); --i) {
    Charter::Member member;
    member.home = HomeId::fromBytes(reader.fixed(HomeId::kSize)).value_or(HomeId{});
    member.name = reader.field(kMaxHomeNameBytes);
    charter.members.push_back(std::move(member));
  }
  charter.lists.clear();
  for (uint32_t i = reader.count(kMaxCharterLists); i > 0 && reader.ok(); --i) {
    std::vector<Charter::Row>& list = charter.lists.emplace_back();
    for (uint32_t j = reader.count(kMaxCharterRows); j > 0 && reader.ok(); --j) list.push_back(readRow(reader));
  }
  for (uint32_t i = reader.count(kMaxCharterRows); i > 0 && reader.ok(); --i) {
    StrategyRow row;
    const uint8_t scope = reader.u8();
    if (scope > static_cast<uint8_t>(StrategyRow::Scope::kDefault)) reader.fail();
    row.scope = static_cast<StrategyRow::Scope>(scope);
    row.pattern = reader.field(model::kMaxNameBytes);
    row.strategy = reader.field(kMaxStrategyBytes);
    charter.strategies.push_back(std::move(row));
  }
  return charter;
}

// The operating key of that epoch, where the newest root statement has not taken it away.
const KeyStatement* keyOf(const KeyChain& chain, uint64_t epoch) {
  const auto at = std::find_if(chain.begin(), chain.end(), [&](const KeyStatement& statement) { return statement.epoch == epoch; });
  return at == chain.end() ? nullptr : &*at;
}

class Verifier {
 public:
  Verifier(const CharterProof& proof, const std::map<HomeId, KeyChain>& known) : proof_(proof), known_(known) {}

  Status run(const model::OwnerId& circle) {
    for (const auto& [home, chain] : proof_.keys) {
      auto known = known_.find(home);
      HG_CHECK(verifyChain(home, chain, known == known_.end() ? std::span<const KeyStatement>() : known->second));
    }
    const Charter& founding = proof_.chain.front().charter;
    if (founding.circle || !(founding.circleId() == circle)) return notSigned("it is of another circle");
    if (!signedBy(proof_.chain.front(), founding.keeper)) return notSigned("the founder did not sign it");
    for (size_t i = 1; i < proof_.chain.size(); ++i) HG_CHECK(follows(proof_.chain[i - 1].charter, proof_.chain[i], circle));
    return {};
  }

  bool votes(const HomeId& voter) {
    const auto shown = proof_.keys.find(voter);
    if (shown == proof_.keys.end() || proof_.chain.back().signatures.size() != 1) return false;
    auto known = known_.find(voter);
    if (!verifyChain(voter, shown->second, known == known_.end() ? std::span<const KeyStatement>() : known->second).ok()) return false;
    return signedBy(proof_.chain.back(), voter);
  }

 private:
  Status follows(const Charter& before, const SignedCharter& now, const model::OwnerId& circle) {
    const Charter& charter = now.charter;
    if (!charter.circle || !(*charter.circle == circle)) return notSigned("its history has one of another circle");
    if (charter.number <= before.number) return notSigned("its history does not go on");
    const bool next = charter.previous == before.hash();
    // A majority may need several tries, each under a number of its own.
    if (!next && charter.number == before.number + 1) return notSigned("its history leads past it");
    if (charter.hand_overs == before.hand_overs) {
      if (!(charter.keeper == before.keeper)) return notSigned("another home calls itself the keeper");
      return signedBy(now, charter.keeper) ? Status() : notSigned("its keeper did not sign it");
    }
    if (charter.hand_overs != before.hand_overs + 1) return notSigned("its history leaves a keeper out");
    if (signedBy(now, before.keeper)) return {};
    if (!next) return notSigned("the keeper before did not sign it");
    size_t votes = 0;
    for (const Charter::Member& member : before.members) votes += signedBy(now, member.home) ? 1 : 0;
    if (2 * votes > before.members.size()) return {};
    return notSigned("neither the keeper before nor a majority of the members signed it");
  }

  bool signedBy(const SignedCharter& signed_charter, const HomeId& home) {
    for (const CharterSignature& signature : signed_charter.signatures) {
      if (!(signature.home == home)) continue;
      const auto shown = proof_.keys.find(home);
      if (shown == proof_.keys.end()) return false;
      const KeyChain* chain = &shown->second;
      const auto known = known_.find(home);
      if (known != known_.end() && compareChains(known->second, *chain) != ChainOrder::kNewer) chain = &known->second;
      const KeyStatement* key = keyOf(*chain, signature.epoch);
      return key != nullptr && verifySignature(key->operating_spki, kCircleContext,
                                               signedFields(signed_charter.charter, home, signature.epoch), signature.signature);
    }
    return false;
  }

  const CharterProof& proof_;
  const std::map<HomeId, KeyChain>& known_;
};

}  // namespace

std::string Charter::body() const {
  Writer writer;
  writer.field(circle ? circle->raw() : std::string_view()).field(nonce.view());
  writer.field(name).u64(hand_overs).u64(number).field(previous.view()).field(keeper.view());
  writer.u32(static_cast<uint32_t>(members.size()));
  for (const Member& member : members) writer.field(member.home.view()).field(member.name);
  writer.u32(static_cast<uint32_t>(lists.size()));
  for (const std::vector<Row>& list : lists) {
    writer.u32(static_cast<uint32_t>(list.size()));
    for (const Row& row : list) {
      writer.field(row.pattern).field(row.home ? row.home->view() : std::string_view()).u8(static_cast<uint8_t>(row.access));
    }
  }
  writer.u32(static_cast<uint32_t>(strategies.size()));
  for (const StrategyRow& row : strategies) writer.u8(static_cast<uint8_t>(row.scope)).field(row.pattern).field(row.strategy);
  return writer.take();
}

CharterHash Charter::hash() const {
  CharterHash hash;
  hash.bytes = sha256(body());
  return hash;
}

model::OwnerId Charter::circleId() const {
  if (circle) return *circle;
  return *model::OwnerId::fromBytes(hash().view().substr(0, kCircleBytes));
}

const Charter::Member* Charter::member(const HomeId& home) const {
  const auto at = std::lower_bound(members.begin(), members.end(), home,
                                   [](const Member& member, const HomeId& wanted) { return member.home < wanted; });
  return at != members.end() && at->home == home ? &*at : nullptr;
}

std::vector<model::AccessRows> Charter::rowsFor(const HomeId& home) const {
  std::vector<model::AccessRows> all;
  if (!member(home)) return all;
  if (home == keeper) return {{{"*", Access::kWrite, std::nullopt}}};
  for (const std::vector<Row>& list : lists) {
    model::AccessRows& of_home = all.emplace_back();
    bool everything = false;
    for (const Row& row : list) {
      if (row.home && !(*row.home == home)) continue;
      of_home.push_back({row.pattern, row.access, std::nullopt});
      everything = everything || row.pattern == "*";
    }
    if (!everything) of_home.push_back({"*", Access::kWrite, std::nullopt});
  }
  return all;
}

CharterRank rankOf(const Charter& charter) { return {charter.hand_overs, charter.number, charter.hash()}; }

Charter foundCircle(std::string name, Charter::Member keeper, Random& random) {
  Charter charter;
  charter.nonce = random.id<CharterNonce>();
  charter.name = std::move(name);
  charter.keeper = keeper.home;
  charter.members.push_back(std::move(keeper));
  return charter;
}

Charter nextCharter(const Charter& before) {
  Charter next = before;
  next.circle = before.circleId();
  next.nonce = {};
  next.number = before.number + 1;
  next.previous = before.hash();
  return next;
}

CharterSignature signCharter(const Charter& charter, const HomeId& home, uint64_t epoch, const PrivateKey& operating) {
  return {home, epoch, operating.sign(kCircleContext, signedFields(charter, home, epoch))};
}

std::string encodeCharterProof(const CharterProof& proof) {
  Writer writer;
  writer.u32(static_cast<uint32_t>(proof.chain.size()));
  for (const SignedCharter& one : proof.chain) {
    writer.field(one.charter.body()).u32(static_cast<uint32_t>(one.signatures.size()));
    for (const CharterSignature& signature : one.signatures) {
      writer.field(signature.home.view()).u64(signature.epoch).field(signature.signature);
    }
  }
  writer.u32(static_cast<uint32_t>(proof.keys.size()));
  for (const auto& [home, chain] : proof.keys) {
    writer.field(home.view());
    writeChain(writer, chain);
  }
  return writer.take();
}

Result<CharterProof> decodeCharterProof(std::string_view bytes) {
  const Error bad = trustError("bad_charter", "the charter of a circle could not be read; it was damaged, or made by a newer version");
  Reader reader(bytes);
  CharterProof proof;
  size_t signatures = 0;
  size_t statements = 0;
  if (bytes.size() > kMaxCharterBytes) return bad;
  for (uint32_t i = reader.count(kMaxCharterChain); i > 0 && reader.ok(); --i) {
    SignedCharter one;
    Reader body(reader.field(kMaxCharterBytes));
    one.charter = readCharter(body);
    if (!body.done() || !isSound(one.charter)) return bad;
    for (uint32_t j = reader.count(kMaxCircleMembers); j > 0 && reader.ok(); --j) {
      CharterSignature signature;
      signature.home = HomeId::fromBytes(reader.fixed(HomeId::kSize)).value_or(HomeId{});
      signature.epoch = reader.u64();
      signature.signature = reader.fixed(kSignatureBytes);
      one.signatures.push_back(std::move(signature));
    }
    signatures += one.signatures.size();
    proof.chain.push_back(std::move(one));
  }
  for (uint32_t i = reader.count(kMaxCharterSigners); i > 0 && reader.ok(); --i) {
    const HomeId home = HomeId::fromBytes(reader.fixed(HomeId::kSize)).value_or(HomeId{});
    KeyChain chain = readChain(reader);
    const bool in_order = proof.keys.empty() || proof.keys.rbegin()->first < home;
    statements += chain.size();
    if (chain.empty() || !in_order) return bad;
    proof.keys.emplace(home, std::move(chain));
  }
  if (!reader.done() || proof.chain.empty() || signatures > kMaxCharterSigners || statements > kMaxCharterStatements) return bad;
  return proof;
}

Status verifyCharterProof(const model::OwnerId& circle, const CharterProof& proof, const std::map<HomeId, KeyChain>& known_keys) {
  HG_ASSERT(!proof.chain.empty());
  return Verifier(proof, known_keys).run(circle);
}

bool isVoteOf(const CharterProof& vote, const HomeId& voter, const std::map<HomeId, KeyChain>& known_keys) {
  return !vote.chain.empty() && Verifier(vote, known_keys).votes(voter);
}

bool signedWithFormerKey(const CharterProof& proof, const std::map<HomeId, KeyChain>& known_keys) {
  for (const CharterSignature& signature : proof.chain.back().signatures) {
    const auto known = known_keys.find(signature.home);
    const auto shown = proof.keys.find(signature.home);
    for (const KeyChain* chain : {known == known_keys.end() ? nullptr : &known->second, shown == proof.keys.end() ? nullptr : &shown->second}) {
      if (chain != nullptr && chain->back().epoch > signature.epoch) return true;
    }
  }
  return false;
}

Charter leastOfBoth(const Charter& one, const Charter& other) {
  const bool later = rankOf(one) < rankOf(other);
  const Charter& base = later ? other : one;
  const Charter& apart = later ? one : other;
  Charter least = nextCharter(base);
  std::erase_if(least.members, [&](const Charter::Member& member) { return !apart.member(member.home); });
  for (const std::vector<Charter::Row>& list : apart.lists) {
    if (std::find(least.lists.begin(), least.lists.end(), list) == least.lists.end()) least.lists.push_back(list);
  }
  for (std::vector<Charter::Row>& list : least.lists) {
    std::erase_if(list, [&](const Charter::Row& row) { return row.home && !least.member(*row.home); });
  }
  // More than can be told: until a person has looked, all may read and nobody writes.
  if (least.lists.size() > kMaxCharterLists || rowsOf(least) > kMaxCharterRows) least.lists = {{{"*", std::nullopt, Access::kRead}}};
  return least;
}

}  // namespace hearthgate::trust
