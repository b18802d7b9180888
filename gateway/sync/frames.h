// Frames: how messages stand in the encrypted stream. Four bytes, big-endian: the top bit says that what follows is one
// zstd frame (RFC 8878), the others its length. What zstd works with is some hundred kilobytes, so it belongs to the
// thread and not to the link (DESIGN.md section 3); a reader belongs to one connection.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearthgate::sync {

// Appends `message` as a frame, compressed when it is large enough and `compress`. Any thread.
void appendFrame(std::string_view message, bool compress, std::string* out);

class FrameReader {
 public:
  void feed(std::string_view bytes) { input_.append(bytes); }
  // The next whole message; nothing when more bytes are needed. Fails with `protocol` for a frame above
  // kMaxMessageBytes, compressed or not, or broken compression.
  Result<std::optional<std::string>> next();
  // Of the frame that next() gave last, with its header.
  size_t frameBytes() const { return frame_bytes_; }

 private:
  // Drops what was read.
  void compact();

  std::string input_;
  size_t at_ = 0;
  size_t frame_bytes_ = 0;
};

}  // namespace hearthgate::sync
