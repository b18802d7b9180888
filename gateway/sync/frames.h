// Frames: how messages stand in the encrypted stream. Four bytes, big-endian: the top bit says that what follows is one
// zstd frame (RFC 8878), the others its length. Links' thread; an object belongs to one connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearthgate::sync {

// Appends `message` as a frame, compressed when it is large enough and `compress`. Any one thread at a time uses the
// compression context that it keeps.
class FrameWriter {
 public:
  FrameWriter();
  ~FrameWriter();
  void append(std::string_view message, bool compress, std::string* out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

class FrameReader {
 public:
  FrameReader();
  ~FrameReader();
  void feed(std::string_view bytes) { input_.append(bytes); }
  // The next whole message; nothing when more bytes are needed. Fails with `protocol` for a frame above
  // kMaxMessageBytes, compressed or not, or broken compression.
  Result<std::optional<std::string>> next();
  // Of the frame that next() gave last, with its header.
  size_t frameBytes() const { return frame_bytes_; }

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string input_;
  size_t at_ = 0;
  size_t frame_bytes_ = 0;
};

}  // namespace hearthgate::sync
