// What links have carried and how handshakes ended, for GET /metrics. Added to on the links' threads, read on any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace hearthgate::sync {

// One direction of the frames with one home. Encryption and the transport add to `wire_bytes`.
struct Traffic {
  std::atomic<uint64_t> frames{0};
  std::atomic<uint64_t> compressed_frames{0};
  std::atomic<uint64_t> wire_bytes{0};     // of the frames as they are sent
  std::atomic<uint64_t> message_bytes{0};  // before compression

  void add(size_t wire, size_t message) {
    frames.fetch_add(1, std::memory_order_relaxed);
    wire_bytes.fetch_add(wire, std::memory_order_relaxed);
    message_bytes.fetch_add(message, std::memory_order_relaxed);
    if (wire < message) compressed_frames.fetch_add(1, std::memory_order_relaxed);
  }
};

struct LinkTraffic {
  Traffic sent;
  Traffic received;
};

// How attempts at a link or a pairing ended.
enum class HandshakeEnd { kDone, kFailed, kUnreachable, kRefused };
inline constexpr std::array<std::string_view, 4> kHandshakeEnds{"done", "failed", "unreachable", "refused"};

struct Handshakes {
  std::array<std::atomic<uint64_t>, 4> peer{};
  std::array<std::atomic<uint64_t>, 4> pairing{};

  void add(bool of_pairing, HandshakeEnd end) {
    (of_pairing ? pairing : peer)[static_cast<size_t>(end)].fetch_add(1, std::memory_order_relaxed);
  }
};

}  // namespace hearthgate::sync
