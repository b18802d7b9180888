#include "announcing.h"

#include <avahi-common/alternative.h>
#include <avahi-common/malloc.h>
#include <unistd.h>

#include <algorithm>

namespace hearthgate::lan {

std::vector<std::string> bounded(std::vector<std::string> txt) {
  size_t bytes = 0;
  size_t kept = 0;
  while (kept < txt.size() && (bytes += txt[kept].size() + 1) <= sdk::kMaxTxtBytes) ++kept;
  txt.resize(kept);
  return txt;
}

// A label that no other machine has: two homes on one machine need one each, and it tells nothing.
static std::string randomHost() {
  uint8_t random[10] = {};
  (void)::getentropy(random, sizeof random);  // It needs no file, and fails only for what is longer.
  std::string label = "hearthgate-";
  for (const uint8_t one : random) label += "abcdefghijklmnopqrstuvwxyz234567"[one % 32];
  return label;
}

static bool equal(const std::vector<AvahiAddress>& a, const std::vector<AvahiAddress>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const AvahiAddress& x, const AvahiAddress& y) { return avahi_address_cmp(&x, &y) == 0; });
}

void Announcing::publish(Responder& responder, const InterfaceAddresses& interfaces) {
  const InterfaceAddresses there = wanted(interfaces);
  std::erase_if(on_, [&](const auto& one) { return !there.contains(one.first); });
  for (const auto& [interface, addresses] : there) {
    OnInterface& on = on_[interface];
    if (on.publication && equal(on.addresses, addresses)) continue;
    on.publication.reset();
    on.addresses = addresses;
    on.publication = responder.publishAddresses({interface, protocol()}, host_, addresses, [this](Responder::Published state) {
      if (state == Responder::Published::kNameTaken) host_taken_ = true;
      if (state == Responder::Published::kFailed) broken_ = true;
    });
    if (!on.publication) broken_ = true;
  }
  const AvahiIfIndex interface = everywhere() ? AVAHI_IF_UNSPEC : there.empty() ? kNowhere : there.begin()->first;
  if (publication_ && interface == interface_) return;
  publication_.reset();
  interface_ = interface;
  if (interface == kNowhere) return;
  publication_ = responder.publish({interface, protocol()}, host_, name(), service_, [this](Responder::Published state) {
    if (state == Responder::Published::kNameTaken) taken_ = true;
    if (state == Responder::Published::kFailed) broken_ = true;
    if (state == Responder::Published::kEstablished) tell(sdk::Outcome::success());
  });
  if (!publication_ && !taken_) broken_ = true;
}

bool Announcing::rename() {
  publication_.reset();
  if (++renamed_ > kMaxRenames) return false;
  char* other = avahi_alternative_service_name(name().c_str());
  name_ = other;
  avahi_free(other);
  return true;
}

void Announcing::renameHost() {
  host_ = randomHost();
  suspend();
}

InterfaceAddresses Announcing::wanted(const InterfaceAddresses& interfaces) const {
  if (everywhere()) {
    InterfaceAddresses all = interfaces;
    for (auto& [interface, addresses] : all) {
      if (service_.address != "0.0.0.0") break;
      std::erase_if(addresses, [](const AvahiAddress& address) { return address.proto != AVAHI_PROTO_INET; });
    }
    std::erase_if(all, [](const auto& one) { return one.second.empty(); });
    return all;
  }
  AvahiAddress only{};
  if (avahi_address_parse(service_.address.c_str(), AVAHI_PROTO_UNSPEC, &only) == nullptr) return {};
  for (const auto& [interface, addresses] : interfaces) {
    for (const AvahiAddress& address : addresses) {
      if (avahi_address_cmp(&address, &only) == 0) return {{interface, {only}}};
    }
  }
  return {};
}

}  // namespace hearthgate::lan
