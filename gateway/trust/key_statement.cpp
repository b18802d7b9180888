#include "trust/key_statement.h"

#include <algorithm>

#include "base/assert.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "trust/crypto.h"
#include "trust/tuning.h"
#include "trust/wire.h"

namespace hearthgate::trust {
namespace {

constexpr size_t kHashBytes = 32;
// More than a statement with the longest reason takes.
constexpr size_t kMaxStatementBytes = 1024;

std::string body(const KeyStatement& statement) {
  Writer writer;
  writer.field(statement.home.view()).field(statement.root_spki).u64(statement.epoch).field(statement.operating_spki);
  writer.field(statement.previous).field(statement.reason).u8(static_cast<uint8_t>(statement.by));
  return writer.take();
}

Error notVouched(const HomeId& home, uint64_t epoch, const std::string& what) {
  return trustError("key_not_vouched", "the key statement of epoch " + std::to_string(epoch) + " of home " +
                                           home.text().substr(0, 8) + " was refused: " + what);
}

KeyStatement unsignedStatement(std::string root_spki, const PrivateKey& operating, uint64_t epoch,
                               std::string_view previous, std::string_view reason, VouchedBy by) {
  KeyStatement statement;
  statement.home = homeIdOf(root_spki);
  statement.root_spki = std::move(root_spki);
  statement.epoch = epoch;
  statement.operating_spki = operating.spki();
  statement.previous = previous;
  statement.reason = reason;
  statement.by = by;
  HG_ASSERT(previous.size() == kHashBytes && reason.size() <= kMaxReasonBytes);
  return statement;
}

void sign(KeyStatement& statement, const PrivateKey& voucher, const PrivateKey& operating) {
  std::string fields = body(statement);
  statement.voucher_signature = voucher.sign(kKeyContext, fields);
  statement.operating_signature = operating.sign(kKeyContext, fields);
}

// The checks of one statement that need nothing but its voucher's key.
Status verifyOne(const HomeId& home, const KeyStatement& statement, std::string_view voucher) {
  if (statement.home != home || homeIdOf(statement.root_spki) != home) {
    return notVouched(home, statement.epoch, "the hash of its root key is not the home's id");
  }
  if (statement.operating_spki == statement.root_spki || statement.operating_spki == voucher) {
    return notVouched(home, statement.epoch, "the operating key repeats the key that vouches for it");
  }
  std::string fields = body(statement);
  if (!verifySignature(voucher, kKeyContext, fields, statement.voucher_signature)) {
    return notVouched(home, statement.epoch,
                      statement.by == VouchedBy::kRoot ? "the root key did not sign it"
                                                       : "the operating key of the epoch before did not sign it");
  }
  if (!verifySignature(statement.operating_spki, kKeyContext, fields, statement.operating_signature)) {
    return notVouched(home, statement.epoch, "its operating key did not sign it");
  }
  return {};
}

}  // namespace

std::string KeyStatement::hash() const { return sha256Bytes(body(*this)); }

HomeId homeIdOf(std::string_view root_spki) {
  HomeId id;
  id.bytes = sha256(root_spki);
  return id;
}

KeyStatement makeRootStatement(const PrivateKey& root, const PrivateKey& operating, uint64_t epoch,
                               std::string_view previous, std::string_view reason) {
  KeyStatement statement = unsignedStatement(root.spki(), operating, epoch, previous, reason, VouchedBy::kRoot);
  sign(statement, root, operating);
  return statement;
}

KeyStatement makeChainStatement(const KeyStatement& before, const PrivateKey& before_key, const PrivateKey& operating,
                                std::string_view reason) {
  HG_ASSERT(before.operating_spki == before_key.spki());
  KeyStatement statement =
      unsignedStatement(before.root_spki, operating, before.epoch + 1, before.hash(), reason, VouchedBy::kChain);
  sign(statement, before_key, operating);
  return statement;
}

std::string encodeStatement(const KeyStatement& statement) {
  Writer writer;
  writer.raw(body(statement)).field(statement.voucher_signature).field(statement.operating_signature);
  return writer.take();
}

Result<KeyStatement> decodeStatement(std::string_view bytes) {
  Reader reader(bytes);
  KeyStatement statement;
  auto home = HomeId::fromBytes(reader.fixed(HomeId::kSize));
  statement.root_spki = reader.fixed(kSpkiBytes);
  statement.epoch = reader.u64();
  statement.operating_spki = reader.fixed(kSpkiBytes);
  statement.previous = reader.fixed(kHashBytes);
  statement.reason = reader.field(kMaxReasonBytes);
  uint8_t by = reader.u8();
  statement.voucher_signature = reader.fixed(kSignatureBytes);
  statement.operating_signature = reader.fixed(kSignatureBytes);
  if (!reader.done() || !home || by < 1 || by > 2 || statement.epoch < 1 || statement.epoch >= 1ull << 53 ||
      displayName(statement.reason, kMaxReasonBytes) != statement.reason) {
    return trustError("bad_statement", "a key statement of " + std::to_string(bytes.size()) +
                                           " bytes could not be read; it was damaged, or made by a newer version");
  }
  statement.home = *home;
  statement.by = static_cast<VouchedBy>(by);
  return statement;
}

void writeChain(Writer& writer, std::span<const KeyStatement> chain) {
  writer.u32(static_cast<uint32_t>(chain.size()));
  for (const KeyStatement& statement : chain) writer.field(encodeStatement(statement));
}

KeyChain readChain(Reader& reader) {
  KeyChain chain;
  uint32_t count = reader.count(kMaxChainStatements);
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    auto statement = decodeStatement(reader.field(kMaxStatementBytes));
    if (!statement.ok()) {
      reader.fail();
      break;
    }
    chain.push_back(std::move(*statement));
  }
  return reader.ok() ? chain : KeyChain{};
}

std::string encodeChain(std::span<const KeyStatement> chain) {
  Writer writer;
  writeChain(writer, chain);
  return writer.take();
}

Result<KeyChain> decodeChain(std::string_view bytes) {
  Reader reader(bytes);
  KeyChain chain = readChain(reader);
  if (!reader.done()) {
    return trustError("bad_statement", "a chain of key statements of " + std::to_string(bytes.size()) +
                                           " bytes could not be read; it was damaged, or made by a newer version");
  }
  return chain;
}

size_t firstUnknown(std::span<const KeyStatement> known, std::span<const KeyStatement> chain) {
  size_t at = 0;
  while (at < std::min(known.size(), chain.size()) && known[at] == chain[at]) ++at;
  return at;
}

Status verifyChain(const HomeId& home, std::span<const KeyStatement> chain, std::span<const KeyStatement> known) {
  if (chain.empty() || chain.size() > kMaxChainStatements) {
    return notVouched(home, 0,
                      std::to_string(chain.size()) + " statements were shown, 1 to " +
                          std::to_string(kMaxChainStatements) + " are possible");
  }
  for (size_t i = firstUnknown(known, chain); i < chain.size(); ++i) {
    const KeyStatement& statement = chain[i];
    if (i == 0) {
      if (statement.by != VouchedBy::kRoot) return notVouched(home, statement.epoch, "the first one is not by the root key");
      HG_CHECK(verifyOne(home, statement, statement.root_spki));
      continue;
    }
    const KeyStatement& before = chain[i - 1];
    if (statement.by != VouchedBy::kChain || statement.epoch != before.epoch + 1 || statement.previous != before.hash()) {
      return notVouched(home, statement.epoch, "it does not follow the one of epoch " + std::to_string(before.epoch));
    }
    HG_CHECK(verifyOne(home, statement, before.operating_spki));
  }
  return {};
}

ChainOrder compareChains(std::span<const KeyStatement> known, std::span<const KeyStatement> offered) {
  HG_ASSERT(!known.empty() && !offered.empty());
  uint64_t known_root = known.front().epoch, offered_root = offered.front().epoch;
  // A later root statement beats the other's chain statement of its epoch, or comes after all of the other's.
  if (offered_root != known_root) return offered_root > known_root ? ChainOrder::kNewer : ChainOrder::kOlder;
  for (size_t i = 0; i < std::min(known.size(), offered.size()); ++i) {
    if (known[i].hash() != offered[i].hash()) return ChainOrder::kFork;
  }
  if (offered.size() == known.size()) return ChainOrder::kSame;
  return offered.size() > known.size() ? ChainOrder::kNewer : ChainOrder::kOlder;
}

}  // namespace hearthgate::trust
