// The addresses of this machine's interfaces, and when they change. On the thread of the loop.
#pragma once

#include <avahi-common/address.h>
#include <avahi-common/watch.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace hearthgate::lan {

// By interface: the addresses at which others reach it, in a stable order. Interfaces that are down or lead to one other
// machine only are left out.
using InterfaceAddresses = std::map<AvahiIfIndex, std::vector<AvahiAddress>>;
InterfaceAddresses interfaceAddresses();

// Whether `address` lies in a network of this interface; loopback only on the loopback interface, multicast nowhere.
bool isOnLink(AvahiIfIndex interface, const AvahiAddress& address);

std::string interfaceName(AvahiIfIndex index);
// `fe80::1%eth0`: with the zone where there has to be one.
std::string addressText(const AvahiAddress& address, AvahiIfIndex interface);

// Tells, over rtnetlink (7), that addresses or interfaces may have changed.
class InterfaceWatch {
 public:
  InterfaceWatch(const AvahiPoll* poll, std::function<void()> changed);
  ~InterfaceWatch();
  InterfaceWatch(const InterfaceWatch&) = delete;
  InterfaceWatch& operator=(const InterfaceWatch&) = delete;
  // Empty, or why it cannot be told.
  const std::string& problem() const { return problem_; }

 private:
  static void onReadable(AvahiWatch*, int socket, AvahiWatchEvent, void* self);

  const AvahiPoll* const poll_;
  const std::function<void()> changed_;
  std::string problem_;
  int socket_ = -1;
  AvahiWatch* watch_ = nullptr;
};

}  // namespace hearthgate::lan
