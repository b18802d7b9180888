// Which handler answers which method and path. Filled at start, read by all request threads afterwards.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "api/gateway.h"
#include "api/route_figures.h"

namespace hearthgate::api {

using Handler = Result<Answer> (*)(Gateway&, Call&);

class Router {
 public:
  // `path` as in openapi.yaml: `/api/v1/entities/{id}`. `query`: the keys that it takes. `waits`: it may take seconds.
  struct Route {
    std::string method;
    std::string path;
    std::vector<std::string_view> query;
    Handler handler;
    bool waits = false;
    std::shared_ptr<RouteFigures> figures{};  // made by add()
  };
  void add(Route route);
  // What belongs to a later release: answers `not_served`. `path` may end with `/*` for all below.
  void notServed(std::string path) { not_served_.push_back(split(path)); }

  // Sets the call's parameters and checks its query keys. Errors: not_found, not_served, method_not_allowed (then
  // `allow` holds the value of the Allow header), bad_id (broken escapes), bad_query.
  Result<const Route*> find(Call& call, std::string* allow) const;
  std::vector<std::pair<std::string, std::string>> all() const;  // method, path
  // What was counted of each (method, path); `none` is what came to no route.
  using Figures = std::vector<std::pair<std::pair<std::string, std::string>, const RouteFigures*>>;
  Figures figures() const;
  RouteFigures& unrouted() const { return *unrouted_; }

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  static std::vector<std::string> split(std::string_view path);
  std::vector<Entry> entries_;
  std::vector<std::vector<std::string>> not_served_;
  std::unique_ptr<RouteFigures> unrouted_ = std::make_unique<RouteFigures>();
};

// All of them.
void addRoutes(Router& router);
// One for each subject, in the file of that name.
void addEntityRoutes(Router& router);
void addBulkRoutes(Router& router);
void addHistoryRoutes(Router& router);
void addStrategyRoutes(Router& router);
void addGrantRoutes(Router& router);
void addDiscoveredRoutes(Router& router);
void addDoctorRoutes(Router& router);
void addHomeRoutes(Router& router);
void addPairingRoutes(Router& router);
void addConflictRoutes(Router& router);
void addStatusRoutes(Router& router);
void addReportRoutes(Router& router);
void addEventRoutes(Router& router);
void addPluginRoutes(Router& router);
void addAuditRoutes(Router& router);
void addConfigRoutes(Router& router);
void addCircleRoutes(Router& router);
void addKeyRoutes(Router& router);
void addRestoreRoutes(Router& router);
void addSecretRoutes(Router& router);
void addWhyRoutes(Router& router);
void addLaterRoutes(Router& router);

}  // namespace hearthgate::api
