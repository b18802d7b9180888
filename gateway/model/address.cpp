#include "model/address.h"

#include <cstring>

#include "base/utf8.h"
#include "model/limits.h"

namespace hearthgate::model {
namespace {

bool isWord(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }
bool isTail(char c) { return isWord(c) || c == ':' || c == '.' || c == '-'; }

}  // namespace

std::optional<OwnerId> OwnerId::parse(std::string_view text) {
  if (text.size() == 27 && text[0] == 'c') {
    auto raw = parseBase32(text.substr(1));
    return raw ? fromBytes(*raw) : std::nullopt;
  }
  auto home = HomeId::parse(text);
  if (!home) return std::nullopt;
  return OwnerId(*home);
}

std::optional<OwnerId> OwnerId::fromBytes(std::string_view raw) {
  if (raw.size() != 16 && raw.size() != 32) return std::nullopt;
  OwnerId owner;
  owner.circle_ = raw.size() == 16;
  std::memcpy(owner.bytes_.data(), raw.data(), raw.size());
  return owner;
}

std::string OwnerId::text() const {
  std::string text;
  appendText(&text);
  return text;
}

void OwnerId::appendText(std::string* out) const {
  if (circle_) *out += 'c';
  appendBase32(raw(), out);
}

Status checkEntityId(std::string_view id) {
  if (id.size() > kMaxNameBytes) {
    return inputError("bad_id", "The entity id has " + std::to_string(id.size()) + " bytes; at most 255 are allowed.");
  }
  size_t at = 0;
  while (at < id.size() && isWord(id[at])) ++at;
  bool ok = at > 0 && at + 1 < id.size() && id[at] == '.';
  for (size_t i = at + 1; ok && i < id.size(); ++i) ok = isTail(id[i]);
  if (ok) return {};
  return inputError("bad_id",
                    "'" + displayName(id, kMaxNameBytes) + "' is no entity id: it looks like light.kitchen, with a-z, 0-9 and _ before "
                    "the first dot and a-z, 0-9, _, :, . and - after it.");
}

Status checkKind(std::string_view kind) {
  bool ok = !kind.empty() && kind.size() <= kMaxKindBytes && kind[0] >= 'a' && kind[0] <= 'z';
  for (char c : kind) ok = ok && (isWord(c) || c == '.');
  if (ok) return {};
  return inputError("bad_document", "'" + displayName(kind, kMaxNameBytes) + "' is no kind: a-z first, then up to 63 of a-z, 0-9, _ and dot.");
}

bool isGlob(std::string_view pattern) { return pattern.find_first_of("*?") != std::string_view::npos; }

Status checkPattern(std::string_view pattern) {
  if (!isGlob(pattern)) return checkEntityId(pattern);
  bool ok = pattern.size() <= kMaxNameBytes;
  for (char c : pattern) ok = ok && (isTail(c) || c == '*' || c == '?');
  if (ok) return {};
  return inputError("bad_id", "'" + displayName(pattern, kMaxNameBytes) + "' is neither an entity id nor a pattern of one: * stands for any "
                    "characters and ? for one.");
}

}  // namespace hearthgate::model
