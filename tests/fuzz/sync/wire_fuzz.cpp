// What another home sends, before and after frames: nothing but an error may come of bytes, and what is read writes back
// to something that reads equal.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/rules_codec.h"
#include "sync/frames.h"
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
  (void)sync::decodeLevel(input);
  (void)store::decodeRules(input);

  sync::FrameReader reader;
  size_t half = size / 2;
  for (std::string_view part : {input.substr(0, half), input.substr(half)}) {
    reader.feed(part);
    for (int i = 0; i < 64; ++i) {
      auto message = reader.next();
      if (!message.ok()) return 0;
      if (!message->has_value()) break;
    }
  }
  return 0;
}
