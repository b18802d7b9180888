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

Error tooLarge() { return networkError("protocol", "The other home sent a message above the limit of 16 MiB."); }

}  // namespace

struct FrameWriter::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  std::string buffer;
};

FrameWriter::FrameWriter() : context_(std::make_unique<Context>()) { HG_ASSERT(context_->zstd); }
FrameWriter::~FrameWriter() { ZSTD_freeCCtx(context_->zstd); }

void FrameWriter::append(std::string_view message, bool compress, std::string* out) {
  if (compress && message.size() >= kCompressFromBytes) {
    std::string& buffer = context_->buffer;
    buffer.resize(ZSTD_compressBound(message.size()));
    size_t size = ZSTD_compressCCtx(context_->zstd, buffer.data(), buffer.size(), message.data(), message.size(),
                                    kCompressionLevel);
    if (!ZSTD_isError(size) && size < message.size()) {
      appendHeader(kCompressed | static_cast<uint32_t>(size), out);
      out->append(buffer, 0, size);
      return;
    }
  }
  appendHeader(static_cast<uint32_t>(message.size()), out);
  out->append(message);
}

struct FrameReader::Context {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
};

FrameReader::FrameReader() : context_(std::make_unique<Context>()) { HG_ASSERT(context_->zstd); }
FrameReader::~FrameReader() { ZSTD_freeDCtx(context_->zstd); }

Result<std::optional<std::string>> FrameReader::next() {
  std::string_view rest = std::string_view(input_).substr(at_);
  if (rest.size() < 4) {
    input_.erase(0, at_);
    at_ = 0;
    return std::optional<std::string>();
  }
  uint32_t header = 0;
  for (int i = 0; i < 4; ++i) header = (header << 8) | static_cast<uint8_t>(rest[static_cast<size_t>(i)]);
  size_t size = header & ~kCompressed;
  if (size > kMaxMessageBytes) return tooLarge();
  if (rest.size() < 4 + size) {
    input_.erase(0, at_);
    at_ = 0;
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
  size_t got = ZSTD_decompressDCtx(context_->zstd, message.data(), message.size(), body.data(), body.size());
  if (ZSTD_isError(got) || got != message.size()) {
    return networkError("protocol", "The other home sent a message whose compression is broken.");
  }
  return std::optional<std::string>(std::move(message));
}

}  // namespace hearthgate::sync
