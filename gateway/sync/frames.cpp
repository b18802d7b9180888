#include "sync/frames.h"

#include <zstd.h>

#include "base/assert.h"
#include "sync/tuning.h"

namespace hearthgate::sync {
namespace {

constexpr uint32_t kCompressed = 0x80000000u;

void appendHeader(uint32_t value, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) *out += static_cast<char>((value >> shift) & 255);
}

struct Compressor {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  std::string buffer;
  Compressor() { HG_ASSERT(zstd); }
  ~Compressor() { ZSTD_freeCCtx(zstd); }
};

struct Decompressor {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
  Decompressor() { HG_ASSERT(zstd); }
  ~Decompressor() { ZSTD_freeDCtx(zstd); }
};

void giveBack(std::string* buffer) {
  if (buffer->capacity() > kKeepFrameBytes) *buffer = {};
}

Error tooLarge() { return networkError("protocol", "The other home sent a message above the limit of 16 MiB."); }

}  // namespace

void appendFrame(std::string_view message, bool compress, std::string* out) {
  if (compress && message.size() >= kCompressFromBytes) {
    thread_local Compressor compressor;
    std::string& buffer = compressor.buffer;
    buffer.resize(ZSTD_compressBound(message.size()));
    size_t size = ZSTD_compressCCtx(compressor.zstd, buffer.data(), buffer.size(), message.data(), message.size(),
                                    kCompressionLevel);
    bool smaller = !ZSTD_isError(size) && size < message.size();
    if (smaller) {
      appendHeader(kCompressed | static_cast<uint32_t>(size), out);
      out->append(buffer, 0, size);
    }
    giveBack(&buffer);
    if (smaller) return;
  }
  appendHeader(static_cast<uint32_t>(message.size()), out);
  out->append(message);
}

void FrameReader::compact() {
  input_.erase(0, at_);
  at_ = 0;
  if (input_.empty()) giveBack(&input_);
}

Result<std::optional<std::string>> FrameReader::next() {
  std::string_view rest = std::string_view(input_).substr(at_);
  if (rest.size() < 4) {
    compact();
    return std::optional<std::string>();
  }
  uint32_t header = 0;
  for (int i = 0; i < 4; ++i) header = (header << 8) | static_cast<uint8_t>(rest[static_cast<size_t>(i)]);
  size_t size = header & ~kCompressed;
  if (size > kMaxMessageBytes) return tooLarge();
  if (rest.size() < 4 + size) {
    compact();
    return std::optional<std::string>();
  }
  std::string_view body = rest.substr(4, size);
  at_ += 4 + size;
  frame_bytes_ = 4 + size;
  if (!(header & kCompressed)) return std::optional<std::string>(body);
  unsigned long long whole = ZSTD_getFrameContentSize(body.data(), body.size());
  if (whole == ZSTD_CONTENTSIZE_ERROR || whole == ZSTD_CONTENTSIZE_UNKNOWN) {
    return networkError("protocol", "The other home sent a compressed message without its size.");
  }
  if (whole > kMaxMessageBytes) return tooLarge();
  std::string message(static_cast<size_t>(whole), '\0');
  thread_local Decompressor decompressor;
  size_t got = ZSTD_decompressDCtx(decompressor.zstd, message.data(), message.size(), body.data(), body.size());
  if (ZSTD_isError(got) || got != message.size()) {
    return networkError("protocol", "The other home sent a message whose compression is broken.");
  }
  return std::optional<std::string>(std::move(message));
}

}  // namespace hearthgate::sync
