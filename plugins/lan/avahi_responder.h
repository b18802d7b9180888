// A Responder over either of Avahi's libraries, which are alike but for their names: `Api` says which (embedded_responder.cpp,
// daemon_responder.cpp).
#pragma once

#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-core/rr.h>

#include "avahi_text.h"
#include "lan/tuning.h"
#include "responder.h"

namespace hearthgate::lan {

inline constexpr const char* kDomain = "local";

template <typename Api>
class AvahiBrowser final : public Lasting {
 public:
  AvahiBrowser(typename Api::Server* server, const std::string& type, Responder::Browsed browsed)
      : browsed_(std::move(browsed)) {
    browser_ = Api::newBrowser(server, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, type.c_str(), kDomain, AVAHI_LOOKUP_USE_MULTICAST,
                               &AvahiBrowser::onEvent, this);
  }
  ~AvahiBrowser() override {
    if (browser_ != nullptr) Api::freeBrowser(browser_);
  }
  bool made() const { return browser_ != nullptr; }

 private:
  static void onEvent(typename Api::Browser*, AvahiIfIndex interface, AvahiProtocol protocol, AvahiBrowserEvent event,
                      const char* name, const char*, const char*, AvahiLookupResultFlags, void* self) {
    if (event != AVAHI_BROWSER_NEW && event != AVAHI_BROWSER_REMOVE) return;
    static_cast<AvahiBrowser*>(self)->browsed_(event == AVAHI_BROWSER_NEW, interface, protocol, name);
  }

  const Responder::Browsed browsed_;
  typename Api::Browser* browser_ = nullptr;
};

template <typename Api>
class AvahiResolver final : public Lasting {
 public:
  AvahiResolver(typename Api::Server* server, AvahiIfIndex interface, AvahiProtocol protocol, const std::string& type,
                const std::string& name, Responder::Resolved resolved)
      : resolved_(std::move(resolved)) {
    resolver_ = Api::newResolver(server, interface, protocol, name.c_str(), type.c_str(), kDomain, protocol,
                                 AVAHI_LOOKUP_USE_MULTICAST, &AvahiResolver::onEvent, this);
  }
  ~AvahiResolver() override {
    if (resolver_ != nullptr) Api::freeResolver(resolver_);
  }
  bool made() const { return resolver_ != nullptr; }

 private:
  static void onEvent(typename Api::Resolver*, AvahiIfIndex, AvahiProtocol, AvahiResolverEvent event, const char*, const char*,
                      const char*, const char* host, const AvahiAddress* address, uint16_t port, AvahiStringList* txt,
                      AvahiLookupResultFlags, void* self) {
    // A failure is a timeout: it goes on asking.
    if (event != AVAHI_RESOLVER_FOUND || address == nullptr || host == nullptr) return;
    static_cast<AvahiResolver*>(self)->resolved_({host, *address, port, textsOf(txt)});
  }

  const Responder::Resolved resolved_;
  typename Api::Resolver* resolver_ = nullptr;
};

template <typename Api>
class AvahiPublication final : public Publication {
 public:
  AvahiPublication(typename Api::Server* server, Responder::Where where, std::function<void(Responder::Published)> published)
      : server_(server), where_(where), published_(std::move(published)) {
    group_ = Api::newGroup(server, &AvahiPublication::told, this);
  }
  ~AvahiPublication() override {
    if (group_ != nullptr) Api::freeGroup(group_);
  }

  bool service(const std::string& host, const std::string& name, const sdk::Announcement& service) {
    type_ = service.type;
    name_ = name;
    char instance[AVAHI_DOMAIN_NAME_MAX], type[AVAHI_DOMAIN_NAME_MAX], types[AVAHI_DOMAIN_NAME_MAX];
    if (avahi_service_name_join(instance, sizeof instance, name.c_str(), type_.c_str(), kDomain) < 0 ||
        avahi_service_name_join(type, sizeof type, nullptr, type_.c_str(), kDomain) < 0 ||
        avahi_service_name_join(types, sizeof types, nullptr, "_services._dns-sd._udp", kDomain) < 0) {
      return false;
    }
    // RFC 6763 sections 4.1, 5, 6 and 9.
    AvahiRecord* srv = newRecord(instance, AVAHI_DNS_TYPE_SRV);
    srv->data.srv.port = service.port;
    srv->data.srv.name = avahi_strdup(host.c_str());
    AvahiRecord* txt = newRecord(instance, AVAHI_DNS_TYPE_TXT);
    txt->data.txt.string_list = StringList(service.txt).release();
    AvahiRecord* pointer = newRecord(type, AVAHI_DNS_TYPE_PTR);
    pointer->data.ptr.name = avahi_strdup(instance);
    AvahiRecord* of_types = newRecord(types, AVAHI_DNS_TYPE_PTR);
    of_types->data.ptr.name = avahi_strdup(type);
    // Each of them, since add() takes it.
    bool added = add(pointer, kNoFlags);
    added = add(srv, AVAHI_PUBLISH_UNIQUE) && added;
    added = add(txt, AVAHI_PUBLISH_UNIQUE) && added;
    added = add(of_types, kNoFlags) && added;
    return added && Api::commit(group_) >= 0;
  }

  // Whether it failed because this machine announces the same already.
  bool taken() const { return taken_; }

  // Without reverse pointers: the machine's own responder has them.
  bool addresses(const std::string& host, const std::vector<AvahiAddress>& all) {
    bool added = true;
    for (const AvahiAddress& address : all) {
      const bool four = address.proto == AVAHI_PROTO_INET;
      AvahiRecord* record = newRecord(host.c_str(), four ? AVAHI_DNS_TYPE_A : AVAHI_DNS_TYPE_AAAA);
      if (four) {
        record->data.a.address = address.data.ipv4;
      } else {
        record->data.aaaa.address = address.data.ipv6;
      }
      added = add(record, static_cast<AvahiPublishFlags>(AVAHI_PUBLISH_UNIQUE | AVAHI_PUBLISH_ALLOW_MULTIPLE)) && added;
    }
    return added && Api::commit(group_) >= 0;
  }

  bool update(const std::vector<std::string>& texts) override {
    const StringList txt(texts);
    return Api::updateTxt(server_, group_, where_.interface, where_.protocol, kNoFlags, name_.c_str(), type_.c_str(), kDomain,
                          txt.get()) >= 0;
  }

 private:
  static constexpr AvahiPublishFlags kNoFlags = static_cast<AvahiPublishFlags>(0);

  static AvahiRecord* newRecord(const char* name, uint16_t type) {
    return avahi_record_new_full(name, AVAHI_DNS_CLASS_IN, type, kRecordTtlS);
  }
  bool add(AvahiRecord* record, AvahiPublishFlags flags) {
    const int error =
        group_ != nullptr ? Api::add(server_, group_, where_.interface, where_.protocol, flags, record) : AVAHI_ERR_FAILURE;
    taken_ = taken_ || error == AVAHI_ERR_COLLISION;
    avahi_record_unref(record);
    return error >= 0;
  }

  static void told(AvahiEntryGroupState state, void* self) {
    const auto& published = static_cast<AvahiPublication*>(self)->published_;
    if (state == AVAHI_ENTRY_GROUP_ESTABLISHED) published(Responder::Published::kEstablished);
    if (state == AVAHI_ENTRY_GROUP_COLLISION) published(Responder::Published::kNameTaken);
    if (state == AVAHI_ENTRY_GROUP_FAILURE) published(Responder::Published::kFailed);
  }

  typename Api::Server* const server_;
  const Responder::Where where_;
  const std::function<void(Responder::Published)> published_;
  std::string type_, name_;
  bool taken_ = false;
  typename Api::Group* group_ = nullptr;
};

template <typename Api>
class AvahiResponder : public Responder {
 public:
  ~AvahiResponder() override {
    if (server_ != nullptr) Api::freeServer(server_);
  }

  std::unique_ptr<Lasting> browse(const std::string& type, Browsed browsed) override {
    auto browser = std::make_unique<AvahiBrowser<Api>>(server_, type, std::move(browsed));
    return browser->made() ? std::move(browser) : nullptr;
  }
  std::unique_ptr<Lasting> resolve(AvahiIfIndex interface, AvahiProtocol protocol, const std::string& type,
                                   const std::string& name, Resolved resolved) override {
    auto resolver = std::make_unique<AvahiResolver<Api>>(server_, interface, protocol, type, name, std::move(resolved));
    return resolver->made() ? std::move(resolver) : nullptr;
  }
  std::unique_ptr<Publication> publish(Where where, const std::string& host, const std::string& name,
                                       const sdk::Announcement& service, std::function<void(Published)> published) override {
    auto group = std::make_unique<AvahiPublication<Api>>(server_, where, published);
    if (group->service(host + "." + kDomain, name, service)) return group;
    if (group->taken()) published(Published::kNameTaken);
    return nullptr;
  }
  std::unique_ptr<Lasting> publishAddresses(Where where, const std::string& host, const std::vector<AvahiAddress>& addresses,
                                            std::function<void(Published)> published) override {
    auto group = std::make_unique<AvahiPublication<Api>>(server_, where, std::move(published));
    return group->addresses(host + "." + kDomain, addresses) ? std::move(group) : nullptr;
  }

 protected:
  typename Api::Server* server_ = nullptr;
};

}  // namespace hearthgate::lan
