// Strong id types of fixed size. Compared and hashed as bytes; their text is base32 (base32.h). Any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/base32.h"

namespace hearthgate {

template <size_t kBytes, typename Tag>
struct FixedId {
  static constexpr size_t kSize = kBytes;
  std::array<uint8_t, kBytes> bytes{};

  auto operator<=>(const FixedId&) const = default;

  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), kBytes}; }
  std::string text() const { return base32(view()); }
  void appendText(std::string* out) const { appendBase32(view(), out); }
  bool empty() const { return *this == FixedId{}; }

  // `raw` must be exactly kBytes long, else nothing.
  static std::optional<FixedId> fromBytes(std::string_view raw) {
    if (raw.size() != kBytes) return std::nullopt;
    FixedId id;
    std::memcpy(id.bytes.data(), raw.data(), kBytes);
    return id;
  }
  static std::optional<FixedId> parse(std::string_view text) {
    auto raw = parseBase32(text);
    return raw ? fromBytes(*raw) : std::nullopt;
  }
};

// SHA-256 of a home's root SPKI (TRUST.md T8): 52 letters.
using HomeId = FixedId<32, struct HomeIdTag>;
// So many of them are told to everybody on the local networks (CONTRACT.md "On the network").
inline constexpr size_t kAnnouncedIdSymbols = 8;
// 128 random bits under which a home writes for one owner: 26 letters.
using ReplicaId = FixedId<16, struct ReplicaIdTag>;
// SHA-256 of a version's canonical form.
using ContentHash = FixedId<32, struct ContentHashTag>;
// 128 random bits: a generation of one owner's feed.
using FeedEpoch = FixedId<16, struct FeedEpochTag>;

}  // namespace hearthgate

template <size_t kBytes, typename Tag>
struct std::hash<hearthgate::FixedId<kBytes, Tag>> {
  size_t operator()(const hearthgate::FixedId<kBytes, Tag>& id) const noexcept {
    // The bytes are random or a hash already.
    size_t value;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};
