// What DNS-SD needs of Avahi, the same over the machine's daemon and over a responder of one's own. Everything on the
// thread of the loop that `poll` belongs to; nothing is called back after the destructor of what was made.
#pragma once

#include <avahi-common/address.h>
#include <avahi-common/watch.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hearthgate/dns_sd.h"

namespace hearthgate::lan {

// Something that lasts as long as its handle.
class Lasting {
 public:
  virtual ~Lasting() = default;
};

class Publication : public Lasting {
 public:
  // False: it could not be, and has to be made anew.
  virtual bool update(const std::vector<std::string>& txt) = 0;
};

class Responder {
 public:
  // An instance came to or left an interface.
  using Browsed = std::function<void(bool there, AvahiIfIndex interface, AvahiProtocol protocol, const std::string& name)>;
  // Where an instance is; told each time that it changes.
  struct Place {
    std::string host;  // `LABEL.local`
    AvahiAddress address{};
    uint16_t port = 0;
    std::vector<std::string> txt;
  };
  using Resolved = std::function<void(Place place)>;
  enum class Published { kEstablished, kNameTaken, kFailed };

  virtual ~Responder() = default;
  virtual std::unique_ptr<Lasting> browse(const std::string& type, Browsed browsed) = 0;
  virtual std::unique_ptr<Lasting> resolve(AvahiIfIndex interface, AvahiProtocol protocol, const std::string& type,
                                           const std::string& name, Resolved resolved) = 0;
  // On one interface, or AVAHI_IF_UNSPEC: on all that there are and come. Over IPv4, IPv6 or (AVAHI_PROTO_UNSPEC) both.
  struct Where {
    AvahiIfIndex interface;
    AvahiProtocol protocol;
  };
  // `host`: the label of publishAddresses(). Null: it cannot be.
  virtual std::unique_ptr<Publication> publish(Where where, const std::string& host, const std::string& name,
                                               const sdk::Announcement& service, std::function<void(Published)> published) = 0;
  // The addresses of `host` on one interface.
  virtual std::unique_ptr<Lasting> publishAddresses(Where where, const std::string& host, const std::vector<AvahiAddress>& addresses,
                                                    std::function<void(Published)> published) = 0;
};

// `failed` is called once when it can do nothing any more; it is then to be destroyed, though not from inside the call.
struct MadeResponder {
  std::unique_ptr<Responder> responder;
  std::string problem;  // when there is none
};
// Empty, or why no daemon can be spoken to. Opens the library for it at its first call.
const std::string& daemonLibraryProblem();
// Without one running: the second is empty and says so.
MadeResponder daemonResponder(const AvahiPoll* poll, std::function<void(const std::string&)> failed);
MadeResponder embeddedResponder(const AvahiPoll* poll, std::function<void(const std::string&)> failed,
                                std::function<void(const char*)> log);

}  // namespace hearthgate::lan
