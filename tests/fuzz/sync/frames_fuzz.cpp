// The bytes of a link before anything is known of them: however they are cut into portions the same messages come out,
// none is above the limit, and what a writer writes is read again.
#include <algorithm>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/input.h"
#include "sync/frames.h"
#include "sync/tuning.h"

using namespace hearthgate;

namespace {

struct Read {
  std::vector<std::string> messages;
  bool failed = false;
  bool operator==(const Read&) const = default;
};

// Takes out what is whole; false when the link would be closed.
bool take(sync::FrameReader* reader, Read* read) {
  for (;;) {
    auto message = reader->next();
    if (!message.ok()) {
      HG_ASSERT(message.error().code == "protocol" && isUtf8(message.error().message));
      read->failed = true;
      return false;
    }
    if (!message->has_value()) return true;
    HG_ASSERT((*message)->size() <= sync::kMaxMessageBytes && reader->frameBytes() <= sync::kMaxMessageBytes + 4);
    read->messages.push_back(std::move(**message));
  }
}

Read readIn(std::string_view bytes, size_t portion) {
  sync::FrameReader reader;
  Read read;
  while (!bytes.empty()) {
    reader.feed(bytes.substr(0, portion));
    bytes.remove_prefix(std::min(portion, bytes.size()));
    if (!take(&reader, &read)) break;
  }
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  size_t portion = input.byte() + size_t{1};
  bool written = input.flag();
  std::string bytes(input.rest());
  if (written) {
    // Messages of the input, long enough to be compressed, as a writer frames them; then perhaps damaged.
    std::vector<std::string> messages;
    bytes.clear();
    bool damaged = input.flag();
    size_t count = input.below(8);
    for (size_t i = 0; i < count; ++i) {
      size_t times = size_t{1} << input.below(8);
      bool compress = input.flag();
      std::string_view part = input.bytes();
      std::string message;
      for (size_t k = 0; k < times; ++k) message += part;
      sync::appendFrame(message, compress, &bytes);
      messages.push_back(std::move(message));
    }
    if (!damaged) HG_ASSERT((readIn(bytes, portion) == Read{messages, false}));
    for (size_t edits = damaged && !bytes.empty() ? 3 : 0; edits > 0; --edits) {
      size_t at = (input.byte() * 256u + input.byte()) % bytes.size();
      bytes[at] = static_cast<char>(input.byte());
    }
  }
  Read whole = readIn(bytes, bytes.size() + 1);
  HG_ASSERT(readIn(bytes, portion) == whole);
  return 0;
}
