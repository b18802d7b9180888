// Strangers' bytes into a Channel of each kind, and into one that is established already. Whatever they are, nobody who
// is not pinned gets in, and no plaintext comes out.
#include <cstdlib>
#include <memory>

#include "trust/identity.h"
#include "trust/tls.h"

using namespace hearthgate;
using namespace hearthgate::trust;

namespace {

const Identity& home() {
  static Identity identity = Identity::inMemory(systemRandom());
  return identity;
}

std::unique_ptr<Channel> make(int kind) {
  auto nobody = [](std::string_view) { return false; };
  switch (kind) {
    case 0:
      return std::move(Channel::peer(Channel::Role::kServer, home(), nobody)).value();
    case 1:
      return std::move(Channel::peer(Channel::Role::kClient, home(), nobody)).value();
    case 2:
      return std::move(Channel::pair(Channel::Role::kServer, std::string(32, 'k'))).value();
    default:
      return std::move(Channel::pair(Channel::Role::kClient, std::string(32, 'k'))).value();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  auto channel = make(data[0] & 3);
  size_t portion = data[1] == 0 ? bytes.size() : data[1];
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, portion);
    bytes.remove_prefix(part.size());
    if (!channel->feed(part).ok()) break;
  }
  if (channel->established() || !channel->takePlaintext().empty()) std::abort();
  return 0;
}
