// Key statements of strangers: chains of bytes, and real chains of this home in which something was changed or put
// together anew. A chain is believed only when its owner's keys signed every statement in it just as it stands.
#include <algorithm>
#include <set>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/input.h"
#include "trust/key_statement.h"
#include "trust/tuning.h"
#include "trust/wire.h"

using namespace hearthgate;
using namespace hearthgate::trust;

namespace {

PrivateKey key(uint8_t n) { return PrivateKey::fromWideBytes(std::string(48, static_cast<char>(n))); }

// Everything that our keys ever signed: two root statements, with the chains after them, and those of another home.
struct Signed {
  HomeId home = homeIdOf(key(1).spki());
  std::vector<KeyStatement> ours;
  std::vector<KeyStatement> theirs;
  std::set<std::string> hashes;

  static const Signed& get() {
    static const Signed made;
    return made;
  }

  Signed() {
    std::string none(32, '\0');
    ours.push_back(makeRootStatement(key(1), key(2), 1, none, "first start"));
    ours.push_back(makeChainStatement(ours[0], key(2), key(3), "rotated"));
    ours.push_back(makeChainStatement(ours[1], key(3), key(4), "compromised"));
    ours.push_back(makeRootStatement(key(1), key(5), 4, ours[2].hash(), "rebuilt"));
    ours.push_back(makeChainStatement(ours[3], key(5), key(6), "rotated"));
    theirs.push_back(makeRootStatement(key(9), key(8), 1, none, "first start"));
    theirs.push_back(makeChainStatement(theirs[0], key(8), key(2), "rotated"));
    for (const KeyStatement& statement : ours) hashes.insert(statement.hash());
  }
};

void change(KeyStatement* statement, fuzz::Input* input) {
  const Signed& all = Signed::get();
  const KeyStatement& other = input->flag() ? all.ours[input->below(all.ours.size())] : all.theirs[input->below(2)];
  switch (input->below(9)) {
    case 0:
      statement->home = other.home;
      break;
    case 1:
      statement->root_spki = other.root_spki;
      break;
    case 2:
      statement->epoch = input->flag() ? other.epoch : input->word();
      break;
    case 3:
      statement->operating_spki = other.operating_spki;
      break;
    case 4:
      statement->previous = other.previous;
      break;
    case 5:
      statement->reason = input->bytes();
      break;
    case 6:
      statement->by = static_cast<VouchedBy>(1 + input->below(2));
      break;
    case 7:
      statement->voucher_signature = other.voucher_signature;
      break;
    default:
      statement->operating_signature = other.operating_signature;
  }
}

void judge(const KeyChain& chain) {
  const Signed& all = Signed::get();
  Status status = verifyChain(all.home, chain);
  if (!status.ok()) {
    HG_ASSERT(status.error().code == "key_not_vouched" && isUtf8(status.error().message));
    return;
  }
  HG_ASSERT(!chain.empty() && chain.size() <= kMaxChainStatements && chain.front().by == VouchedBy::kRoot);
  for (const KeyStatement& statement : chain)
    HG_ASSERT(statement.home == all.home && all.hashes.contains(statement.hash()));
  HG_ASSERT(compareChains(chain, chain) == ChainOrder::kSame);
  auto again = decodeChain(encodeChain(chain));
  HG_ASSERT(again.ok() && *again == chain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const Signed& all = Signed::get();
  if (input.flag()) {
    std::string_view bytes = input.rest();
    auto chain = decodeChain(bytes);
    if (!chain.ok()) {
      HG_ASSERT(chain.error().code == "bad_statement");
    } else {
      HG_ASSERT(encodeChain(*chain) == bytes && chain->size() <= kMaxChainStatements);
      judge(*chain);
    }
    if (auto statement = decodeStatement(bytes); statement.ok()) HG_ASSERT(encodeStatement(*statement) == bytes);
    return 0;
  }
  KeyChain chain;
  for (size_t i = input.below(5); i > 0; --i) {
    chain.push_back(input.below(6) == 0 ? all.theirs[input.below(2)] : all.ours[input.below(all.ours.size())]);
  }
  std::sort(chain.begin(), chain.end(), [](const auto& a, const auto& b) { return a.epoch < b.epoch; });
  for (size_t edits = chain.empty() ? 0 : input.below(3); edits > 0; --edits) {
    change(&chain[input.below(chain.size())], &input);
  }
  std::string bytes = encodeChain(chain);
  input.damage(&bytes);
  if (auto read = decodeChain(bytes); read.ok()) judge(*read);
  return 0;
}
