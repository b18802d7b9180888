// Who owns an entity, and what an entity is called: `light.kitchen@OWNER`. Values, any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace hearthgate::model {

// A home (its id, 52 letters) or a circle (`c` and 26 letters). For people a name stands beside it elsewhere.
class OwnerId {
 public:
  OwnerId() = default;
  explicit OwnerId(const HomeId& home) : bytes_(home.bytes), circle_(false) {}

  static std::optional<OwnerId> parse(std::string_view text);
  // 32 bytes for a home, 16 for a circle: the form of the database and the wire.
  static std::optional<OwnerId> fromBytes(std::string_view raw);

  bool isCircle() const { return circle_; }
  bool isHome(const HomeId& home) const { return !circle_ && bytes_ == home.bytes; }
  // Only for a home.
  HomeId home() const { return HomeId{bytes_}; }
  std::string text() const;
  void appendText(std::string* out) const;
  std::string_view raw() const {
    return {reinterpret_cast<const char*>(bytes_.data()), circle_ ? size_t{16} : size_t{32}};
  }

  auto operator<=>(const OwnerId&) const = default;

 private:
  std::array<uint8_t, 32> bytes_{};
  bool circle_ = false;
};

// One entity in the world.
struct Address {
  OwnerId owner;
  std::string id;

  auto operator<=>(const Address&) const = default;
  std::string text() const { return id + "@" + owner.text(); }
};

// `[a-z0-9_]+\.[a-z0-9_:.\-]+`, at most 255 bytes; otherwise `bad_id`.
Status checkEntityId(std::string_view id);
// `[a-z][a-z0-9_.]{0,63}`; otherwise `bad_document`.
Status checkKind(std::string_view kind);
// An entity id in which `*` and `?` may stand anywhere; otherwise `bad_id`.
Status checkPattern(std::string_view pattern);
bool isGlob(std::string_view pattern);

}  // namespace hearthgate::model

template <>
struct std::hash<hearthgate::model::OwnerId> {
  size_t operator()(const hearthgate::model::OwnerId& id) const noexcept {
    return std::hash<std::string_view>()(id.raw());
  }
};
template <>
struct std::hash<hearthgate::model::Address> {
  size_t operator()(const hearthgate::model::Address& a) const noexcept {
    return std::hash<std::string_view>()(a.id) * 31 + std::hash<hearthgate::model::OwnerId>()(a.owner);
  }
};
