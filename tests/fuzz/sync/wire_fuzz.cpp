// What another home sends, after the frames: nothing but an error may come of bytes, and what is read writes back
// to something that reads equal.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/rules_codec.h"
#include "sync/wire.h"

using namespace hearthgate;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <typename Decode>
void check(std::string_view message, Decode decode) {
  auto first = decode(message);
  if (!first.ok()) return;
  std::string again = sync::encode(*first);
  auto second = decode(again);
  require(second.ok());
  require(sync::encode(*second) == again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input, [](std::string_view m) { return sync::decodeHello(m); });
  check(input, [](std::string_view m) { return sync::decodeRulesMessage(m); });
  check(input, [](std::string_view m) { return sync::decodeReplicaMessage(m); });
  check(input, [](std::string_view m) { return sync::decodeBatch(m); });
  check(input, [](std::string_view m) { return sync::decodeAck(m); });
  check(input, [](std::string_view m) { return sync::decodePosition(m); });
  check(input, [](std::string_view m) { return sync::decodeBye(m); });
  check(input, [](std::string_view m) { return sync::decodeHeld(m); });
  check(input, [](std::string_view m) { return sync::decodeKnownKeys(m); });
  check(input, [](std::string_view m) { return sync::decodeCircles(m); });
  check(input, [](std::string_view m) { return sync::decodeCharterMessage(m); });
  if (auto hello = sync::decodeCircleHello(input); hello.ok()) {
    auto again = sync::decodeCircleHello(sync::encodeCircleHello(*hello));
    require(again.ok() && sync::encodeCircleHello(*again) == sync::encodeCircleHello(*hello));
  }
  if (auto chain = sync::decodeStatementsMessage(input); chain.ok()) {
    auto again = sync::decodeStatementsMessage(sync::encodeStatementsMessage(*chain));
    require(again.ok() && *again == *chain);
  }
  if (auto level = sync::decodeLevel(input); level.ok()) {
    require(sync::encodeLevel(*level).substr(1) == input.substr(input.empty() ? 0 : 1));
  }
  if (auto rules = store::decodeRules(input); rules.ok()) {
    // In the database they are read at any size, and never otherwise than from a link.
    auto stored = store::decodeStoredRules(input);
    require(stored.ok() && *stored == *rules);
    auto again = store::decodeRules(store::encodeRules(*rules));
    require(again.ok() && again->sameRows(*rules));
    require(rules->strategies.size() <= store::kMaxStrategyRows && rules->lists.size() <= store::kMaxRuleLists);
  }
  return 0;
}
