// A transport that breaks the contract: it throws where it should answer, and forgets its links when it stops.
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "hearthgate/plugin.h"
#include "hearthgate/transport.h"

namespace sample {

using namespace hearthgate::sdk;

class RudeLink final : public Link {
 public:
  Sent send(std::string&&) override { throw std::runtime_error("no luck in send"); }
  size_t queuedBytes() const override { return 0; }
  size_t queueLimitBytes() const override { return 1000; }
  size_t maxMessageBytes() const override { return 100; }
  void authenticated() override {}
  void close(std::string, std::string) override {}
  std::string remoteAddress() const override { return "192.0.2.1:1"; }
  std::string path() const override { return "/peer"; }
};

class RudeTransport final : public Transport {
 public:
  Listening listen(const std::string&, uint16_t, Acceptor) override {
    while (hangs) ::usleep(1000);
    return {Outcome::success(), 7};
  }
  void dial(const std::string& address, const std::string&, std::shared_ptr<LinkHandler> handler,
            Dialled dialled) override {
    if (address == "throw:1") throw std::runtime_error("no luck in dial");
    handler_ = std::move(handler);
    handler_->onOpen(std::make_shared<RudeLink>());
    dialled(Outcome::success());
  }
  void stop() override {}
  bool hangs = false;

 private:
  std::shared_ptr<LinkHandler> handler_;
};

class Rude final : public Plugin {
 public:
  explicit Rude(Host&) {}
  // `{"listen": "hang"}`: for ever.
  Outcome configure(std::string_view section_json) override {
    transport_.hangs = section_json.find("hang") != section_json.npos;
    return Outcome::success();
  }
  Outcome start() override { return Outcome::success(); }
  void stop() override {}
  void* provide(std::string_view id, uint32_t) override {
    return id == Transport::kId ? static_cast<Transport*>(&transport_) : nullptr;
  }

 private:
  RudeTransport transport_;
};

}  // namespace sample

HEARTHGATE_PLUGIN(sample::Rude, "rude", "1", hearthgate::sdk::kTransport, "", "");
