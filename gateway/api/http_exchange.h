// One HTTP request from Poco to the handlers and back: the filter against foreign pages (TRUST.md T22), the token
// (T28), the route, and what every answer has. Shared by all request threads.
#pragma once

#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>

#include "api/gateway.h"
#include "api/router.h"

namespace hearthgate::api {

class PocoCall;

class HttpExchange {
 public:
  HttpExchange(Gateway& gateway, const Router& router) : gateway_(gateway), router_(router) {}
  void setServer(Poco::Net::HTTPServer* server) { server_ = server; }

  void serve(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response);

 private:
  Answer answer(PocoCall& call, const Poco::Net::HTTPServerRequest& request);
  Result<Answer> handle(PocoCall& call);
  std::optional<Answer> filtered(const Poco::Net::HTTPServerRequest& request, const std::string& remote);
  std::optional<Answer> unauthorized(const PocoCall& call);
  void send(PocoCall& call, Answer answer, Poco::Net::HTTPServerResponse& response);

  Gateway& gateway_;
  const Router& router_;
  Poco::Net::HTTPServer* server_ = nullptr;
};

}  // namespace hearthgate::api
