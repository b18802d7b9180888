// The form that the identity's files share: a magic word, version 1, a seal byte, the content, and SHA-256 over all of
// that. Seal 0 is content as it is, seal 1 content under a passphrase (seal.h). Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trust/seal.h"

namespace hearthgate::trust {

inline constexpr std::string_view kKeyMagic = "HGKEY";
inline constexpr std::string_view kSeedMagic = "HGSEED";

// The file of `content`, sealed unless `seal` is null.
std::string framed(std::string_view magic, std::string_view content, const Seal* seal);

struct OpenedFile {
  std::string content;               // secret
  std::shared_ptr<const Seal> seal;  // null: it was not sealed
};

// What `bytes` hold. Under the seal `known` if they say that they are, else under the passphrase. `path` is for messages
// alone. Fails with `identity_corrupt`, `identity_sealed` (no passphrase, and it takes one), `passphrase_wrong`.
Result<OpenedFile> openFramed(const std::string& path, std::string_view magic, std::string_view bytes,
                              const std::shared_ptr<const Seal>& known, std::string_view passphrase);

// The error of a file of this kind that cannot be used.
Error corruptFile(std::string_view magic, const std::string& path, const std::string& what);

}  // namespace hearthgate::trust
