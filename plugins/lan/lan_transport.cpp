#include "lan_transport.h"

#include <fcntl.h>
#include <pthread.h>

#include <boost/asio/post.hpp>
#include <vector>

#include "hub.h"

namespace hearthgate::lan {
namespace {

void runLoop(Hub& hub) {
  pthread_setname_np(pthread_self(), "hg-lan");
  while (true) {
    try {
      hub.io.run();
      return;
    } catch (const std::exception& error) {
      // Memory ran out, most likely; the loop itself is whole and goes on.
      hub.log(sdk::Log::Level::kError, std::string("a step of the LAN transport failed: ") + error.what());
    }
  }
}

void endAll(Hub& hub, void (Running::*how)()) {
  const std::vector<std::shared_ptr<Running>> all(hub.running.begin(), hub.running.end());
  for (const auto& one : all) ((*one).*how)();
}

}  // namespace

std::string addressText(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

std::string endpointText(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = addressText(endpoint.address());
  const std::string port = std::to_string(endpoint.port());
  return address.find(':') == std::string::npos ? address + ":" + port : "[" + address + "]:" + port;
}

void tuneSocket(Socket& socket) {
  boost::system::error_code ignored;  // A socket that is gone already fails at its first use.
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

LanTransport::LanTransport(LanSettings settings, sdk::RequestFilter& filter, Logger logger)
    : hub_(std::make_shared<Hub>(settings, filter, std::move(logger))) {
  startAddressWatch(hub_);  // before the loop has a thread
  hub_->thread = std::thread([hub = hub_.get()] { runLoop(*hub); });
}

LanTransport::~LanTransport() { stop(); }

sdk::Listening LanTransport::listen(const std::string& address, uint16_t port, Acceptor acceptor) {
  OpenedListener opened = openListener(hub_, address, port, std::move(acceptor));
  if (!opened.listening.outcome.ok()) return opened.listening;
  std::lock_guard lock(hub_->post_mutex);
  if (hub_->stopping)
    return {sdk::Outcome::failure("stopped", "cannot listen on " + address + ": the transport stopped"), 0};
  asio::post(hub_->io, std::move(opened.start));
  return opened.listening;
}

void LanTransport::dial(const std::string& address, const std::string& target,
                        std::shared_ptr<sdk::LinkHandler> handler, Dialled dialled) {
  {
    std::lock_guard lock(hub_->post_mutex);
    if (!hub_->stopping) {
      asio::post(hub_->io,
                 [hub = hub_, address, target, handler = std::move(handler), dialled = std::move(dialled)]() mutable {
                   startDial(hub, address, target, std::move(handler), std::move(dialled));
                 });
      return;
    }
  }
  dialled(sdk::Outcome::failure("stopped", "cannot dial " + address + ": the transport stopped"));
}

void LanTransport::stop() {
  std::lock_guard one_caller(hub_->stop_mutex);
  if (!hub_->thread.joinable()) return;
  {
    std::lock_guard lock(hub_->post_mutex);
    hub_->stopping = true;
    asio::post(hub_->io, [hub = hub_.get()] {
      endAll(*hub, &Running::stop);
      hub->work.reset();
      if (hub->running.empty()) return;
      hub->grace.expires_after(kStopGrace);
      hub->grace.async_wait([hub](const boost::system::error_code&) { endAll(*hub, &Running::abort); });
    });
  }
  hub_->thread.join();
}

}  // namespace hearthgate::lan
