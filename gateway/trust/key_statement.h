// Key statements (TRUST.md T8): small public records by which a home's root key vouches for its operating key, and an
// operating key for its successor. A chain is what a home shows: its newest root statement and the chain statements
// after it. Values and pure functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "trust/keys.h"

namespace hearthgate::trust {

class Reader;
class Writer;

// Who vouches for the operating key: the root key, or the operating key of the epoch before.
enum class VouchedBy : uint8_t { kRoot = 1, kChain = 2 };

struct KeyStatement {
  HomeId home;
  std::string root_spki;
  uint64_t epoch = 1;  // 1 at the first start, +1 with each new operating key
  std::string operating_spki;
  std::string previous;  // hash() of the statement before, 32 bytes; zeros where there is or is known to be none
  std::string reason;    // "first start", "rotated", "compromised", …; at most kMaxReasonBytes
  VouchedBy by = VouchedBy::kRoot;
  std::string voucher_signature;    // by the root key, or the operating key of epoch - 1
  std::string operating_signature;  // by operating_spki: who is vouched for holds the key

  bool operator==(const KeyStatement&) const = default;
  // SHA-256 of what is signed; signatures apart, so that two signings of one statement are one statement.
  std::string hash() const;
};

using KeyChain = std::vector<KeyStatement>;

// SHA-256 of a root key's SPKI DER.
HomeId homeIdOf(std::string_view root_spki);

KeyStatement makeRootStatement(const PrivateKey& root, const PrivateKey& operating, uint64_t epoch,
                               std::string_view previous, std::string_view reason);
// The successor of `before`, vouched for by `before_key`, the private key of before.operating_spki.
KeyStatement makeChainStatement(const KeyStatement& before, const PrivateKey& before_key, const PrivateKey& operating,
                                std::string_view reason);

std::string encodeStatement(const KeyStatement& statement);
Result<KeyStatement> decodeStatement(std::string_view bytes);
std::string encodeChain(std::span<const KeyStatement> chain);
// Shape only; verifyChain() says whether it holds. Fails with `bad_statement`.
Result<KeyChain> decodeChain(std::string_view bytes);
void writeChain(Writer& writer, std::span<const KeyStatement> chain);
// An empty chain when the reader fails.
KeyChain readChain(Reader& reader);

// Whether `chain` (1 … kMaxChainStatements, by epoch) vouches for its last operating key in the name of `home`: the
// first statement is by the root key whose hash is `home`, each further one by its predecessor's key and over its
// predecessor's hash. Fails with `key_not_vouched` and a sentence that says what is wrong.
// Statements that stand at the same place in `known`, a chain that was verified before, are not verified again.
Status verifyChain(const HomeId& home, std::span<const KeyStatement> chain, std::span<const KeyStatement> known = {});
// The place of the first statement of `chain` that is not the one of `known` there; its size when all are.
size_t firstUnknown(std::span<const KeyStatement> known, std::span<const KeyStatement> chain);

enum class ChainOrder {
  kSame,   // the same operating key at the same epoch
  kNewer,  // `offered` replaces `known`
  kOlder,  // `offered` is behind, or was replaced by a root statement in `known`
  kFork,   // two different statements of one rank and epoch: hold and alarm
};
// How `offered` stands to `known`; both verified, of the same home, not empty. A root statement of an epoch beats a
// chain statement of that epoch and everything chained after.
ChainOrder compareChains(std::span<const KeyStatement> known, std::span<const KeyStatement> offered);

}  // namespace hearthgate::trust
