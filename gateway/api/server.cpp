#include "api/server.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <thread>

#include "api/event_streams.h"
#include "api/http_exchange.h"
#include "api/patient_socket.h"
#include "api/router.h"
#include "base/log.h"

namespace hearthgate::api {

namespace net = Poco::Net;

namespace {

class ExchangeHandler : public net::HTTPRequestHandler {
 public:
  explicit ExchangeHandler(HttpExchange& exchange) : exchange_(exchange) {}
  void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override {
    exchange_.serve(request, response);
  }

 private:
  HttpExchange& exchange_;
};

class Factory : public net::HTTPRequestHandlerFactory {
 public:
  explicit Factory(HttpExchange& exchange) : exchange_(exchange) {}
  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return new ExchangeHandler(exchange_);
  }

 private:
  HttpExchange& exchange_;
};

}  // namespace

void addRoutes(Router& router) {
  addEntityRoutes(router);
  addBulkRoutes(router);
  addHistoryRoutes(router);
  addStrategyRoutes(router);
  addGrantRoutes(router);
  addDiscoveredRoutes(router);
  addDoctorRoutes(router);
  addHomeRoutes(router);
  addPairingRoutes(router);
  addConflictRoutes(router);
  addStatusRoutes(router);
  addReportRoutes(router);
  addEventRoutes(router);
  addPluginRoutes(router);
  addAuditRoutes(router);
  addConfigRoutes(router);
  addCircleRoutes(router);
  addKeyRoutes(router);
  addRestoreRoutes(router);
  addSecretRoutes(router);
  addWhyRoutes(router);
  addLaterRoutes(router);
}

struct Server::Http {
  Router router;
  std::shared_ptr<StreamBell> bell = std::make_shared<StreamBell>();
  std::shared_ptr<OpenSockets> open = std::make_shared<OpenSockets>();
  std::optional<HttpExchange> exchange;
  std::unique_ptr<Poco::ThreadPool> threads;
  std::unique_ptr<net::HTTPServer> server;
  uint16_t port = 0;
};

Server::Server(ServerSettings settings, ServerParts parts, trust::AdminToken token)
    // The settings are copied first, so that they can be read below.
    : gateway_{settings,
               parts,
               parts.identity.home(),
               parts.configuration.config.sharing.conflict_resolution.strategy,
               parts.configuration.config.sharing.sync.full_sync_interval_s * 1000,
               parts.clock.steadyMs(),
               ReaderPool(settings.database_path),
               TokenKeeper(std::move(token), settings.token_path),
               {},
               {},
               nullptr,
               0},
      http_(std::make_unique<Http>()) {
  addRoutes(http_->router);
  gateway_.router = &http_->router;
}

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings, ServerParts parts) {
  HG_TRY(trust::AdminToken token, trust::AdminToken::loadOrCreate(settings.token_path, parts.random));
  std::unique_ptr<Server> server(new Server(std::move(settings), parts, std::move(token)));
  HG_CHECK(server->begin());
  return server;
}

Server::~Server() { stop(); }

Status Server::begin() {
  // The engine's hooks are its thread's alone; the bell outlives this server, because hooks stay.
  engine::Engine& engine = gateway_.parts.engine;
  HG_CHECK(engine.run([&](engine::Core&) {
    engine.addHooks({nullptr, [bell = http_->bell](engine::Core&) { bell->ring(); }, nullptr});
  }));
  gateway_.streams = std::make_unique<EventStreams>(gateway_, http_->bell);
  const ServerSettings& settings = gateway_.settings;
  try {
    PatientServerSocket socket(http_->open);
    net::SocketAddress address(settings.listen, settings.port);
    // Reuse of the address, so that a restart finds its port free; no reuse of the port, so that two cannot share it.
    socket.bind(address, true, false);
    socket.listen(kMaxQueuedConnections);
    http_->port = socket.address().port();
    gateway_.settings.port = http_->port;
    Poco::AutoPtr<net::HTTPServerParams> params = new net::HTTPServerParams;
    params->setMaxThreads(kRequestThreads);
    params->setMaxQueued(kMaxQueuedConnections);
    params->setKeepAlive(true);
    params->setTimeout(Poco::Timespan(kSocketTimeout.count(), 0));
    params->setKeepAliveTimeout(Poco::Timespan(kKeepAliveTimeout.count(), 0));
    params->setMaxKeepAliveRequests(0);
    http_->threads = std::make_unique<Poco::ThreadPool>("http", 4, kRequestThreads + 2);
    http_->exchange.emplace(gateway_, http_->router);
    http_->server = std::make_unique<net::HTTPServer>(new Factory(*http_->exchange), *http_->threads, socket, params);
    http_->exchange->setServer(http_->server.get());
    http_->server->start();
  } catch (const Poco::Exception& failure) {
    std::string where = settings.listen + ":" + std::to_string(settings.port);
    if (failure.code() == EADDRINUSE) {
      return networkError("port_in_use",
                          "The admin page cannot listen on " + where +
                              ": another program has this port (end it, or set admin.port to another, 0 for any)");
    }
    return networkError(
        "address_not_usable",
        "The admin page cannot listen on " + where + ": " + failure.displayText() +
            " (set admin.listen to an address of this machine and admin.port to a port that is allowed)");
  }
  return {};
}

void Server::stop() {
  if (!http_ || !http_->server) return;
  gateway_.streams->stop();
  // Idle connections end at once, others with their answer, and those whose client takes its time after a while.
  std::promise<void> all_ended;
  std::thread impatient([&, ended = all_ended.get_future()] {
    if (ended.wait_for(kStopGrace) == std::future_status::timeout) http_->open->shutDown();
  });
  http_->server->stopAll(false);
  http_->threads->joinAll();
  all_ended.set_value();
  impatient.join();
  http_->server.reset();
}

uint16_t Server::port() const { return http_->port; }

std::string Server::url() const {
  std::string host = gateway_.settings.listen;
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(http_->port);
}

}  // namespace hearthgate::api
