// What the encodings of messages between homes have in common. Only for wire*.cpp.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "model/codec.h"
#include "sync/wire.h"

namespace hearthgate::sync {

using model::ByteReader;
using model::ByteWriter;

inline Error broken(const char* what) {
  return networkError("protocol", std::string("The other home sent a broken message (") + what + ").");
}

inline std::string start(MessageType type) { return std::string(1, static_cast<char>(type)); }

inline ByteReader body(std::string_view message) { return ByteReader(message.substr(std::min<size_t>(1, message.size()))); }

template <typename T>
Result<T> finish(ByteReader& in, T value, const char* what) {
  if (!in.ok() || !in.atEnd()) return broken(what);
  return value;
}

inline void writeOwner(const model::OwnerId& owner, ByteWriter* out) { out->bytes(owner.raw()); }

inline model::OwnerId readOwner(ByteReader* in) {
  auto owner = model::OwnerId::fromBytes(in->bytes());
  if (!owner) in->fail();
  return owner.value_or(model::OwnerId{});
}

void writeOwnerHello(const OwnerHello& owner, ByteWriter* out);
OwnerHello readOwnerHello(ByteReader* in);

}  // namespace hearthgate::sync
