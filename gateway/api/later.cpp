// The calls of CONTRACT.md that come with later releases.
#include "api/router.h"

namespace hearthgate::api {
void addLaterRoutes(Router& router) {
  for (const char* path :
       {"/api/v1/strategies/{name}/try", "/api/v1/strategies/{name}/accept",
        "/api/v1/timeline", "/api/v1/timeline/*", "/api/v1/rewind",
        "/api/v1/held", "/api/v1/held/*", "/api/v1/backup",
        "/api/v1/setup", "/api/v1/login", "/api/v1/logout", "/api/v1/tokens", "/api/v1/tokens/*"}) {
    router.notServed(path);
  }
}

}  // namespace hearthgate::api
