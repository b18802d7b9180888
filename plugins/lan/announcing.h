// One announcement of lan_dns_sd.cpp, on its thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interfaces.h"
#include "lan/tuning.h"
#include "responder.h"

namespace hearthgate::lan {

// As many of the texts as may be told.
std::vector<std::string> bounded(std::vector<std::string> txt);

// One announcement. Its addresses are published for each interface by itself, so that one that comes or goes leaves the
// others alone; the service is one for all of them (Avahi says no goodbye where the same record stands twice).
class Announcing {
 public:
  using Announced = sdk::DnsSd::Announced;

  Announcing(sdk::Announcement service, Announced announced) : service_(std::move(service)), announced_(std::move(announced)) {
    service_.txt = bounded(std::move(service_.txt));
    renameHost();
  }

  // Publishes what is not yet, on the interfaces that there are.
  void publish(Responder& responder, const InterfaceAddresses& interfaces);
  void suspend() {
    publication_.reset();
    on_.clear();
  }
  void update(std::vector<std::string> txt) {
    service_.txt = bounded(std::move(txt));
    if (publication_ && !publication_->update(service_.txt)) publication_.reset();
  }

  const std::string& host() const { return host_; }
  const std::string& name() const { return name_.empty() ? service_.name : name_; }
  // What a call into the responder brought about; dealt with outside of it.
  bool taken() { return std::exchange(taken_, false); }
  bool broken() { return std::exchange(broken_, false); }
  // Somebody claims its host label, which was drawn at random: on purpose. It is announced under another one.
  void renameHost();
  bool hostTaken() { return std::exchange(host_taken_, false); }
  // After a while it tries from the beginning.
  void forgetRenames() {
    renamed_ = 0;
    name_.clear();
    suspend();
  }
  // Another name, after somebody else was found to have this one. False: too many had.
  bool rename();
  bool gaveUp() const { return renamed_ > kMaxRenames; }
  void tell(const sdk::Outcome& outcome) { announced_(outcome, name()); }

 private:
  static constexpr AvahiIfIndex kNowhere = -2;  // its one address is on no interface now
  struct OnInterface {
    std::vector<AvahiAddress> addresses;
    std::unique_ptr<Lasting> publication;
  };

  // Over what it is announced: who hears it over IPv6 alone could do nothing with a service that listens on IPv4.
  AvahiProtocol protocol() const {
    if (service_.address.empty() || service_.address == "::") return AVAHI_PROTO_UNSPEC;
    return service_.address.find(':') == std::string::npos ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6;
  }
  bool everywhere() const { return service_.address.empty() || service_.address == "::" || service_.address == "0.0.0.0"; }

  // Of all interfaces, or where its one address is.
  InterfaceAddresses wanted(const InterfaceAddresses& interfaces) const;

  sdk::Announcement service_;
  const Announced announced_;
  std::string host_;
  std::string name_;  // when it is another than what was asked for
  int renamed_ = 0;
  bool taken_ = false;
  bool host_taken_ = false;
  bool broken_ = false;
  std::map<AvahiIfIndex, OnInterface> on_;
  AvahiIfIndex interface_ = kNowhere;
  std::unique_ptr<Publication> publication_;
};

}  // namespace hearthgate::lan
