#include "trust/source.h"

#include <arpa/inet.h>

#include <cstring>

namespace hearthgate::trust {

std::string sourceOf(std::string_view address) {
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  std::string plain(address.substr(0, address.find('%')));
  in6_addr six{};
  if (inet_pton(AF_INET6, plain.c_str(), &six) != 1) return plain;
  char text[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&six)) {
    inet_ntop(AF_INET, six.s6_addr + 12, text, sizeof text);
    return text;
  }
  std::memset(six.s6_addr + 8, 0, 8);
  inet_ntop(AF_INET6, &six, text, sizeof text);
  return std::string(text) + "/64";
}

}  // namespace hearthgate::trust
