// GET /restore, POST /restore/confirm: what a data folder that was put back brings with it, and that a person has looked at
// it (TRUST.md T12).
#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"

namespace hearthgate::api {
namespace {

bool isHeld(Gateway& gateway, store::Reader& reader) {
  auto own = reader.owner(gateway.me());
  return own && own->hold;
}

Result<Answer> show(Gateway& gateway, Call&) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    std::string out;
    ObjectText object(&out);
    object.boolean("held", isHeld(gateway, reader));
    ArrayText homes(&object.value("homes"));
    for (const store::Peer& peer : reader.peers()) {
      if (peer.state == store::PeerState::kForgotten) continue;
      ObjectText item(homes.item());
      item.text("id", peer.home.text()).text("name", displayName(peer.name));
      uint64_t rows = 0;
      if (auto rules = reader.rules(gateway.me(), peer.home)) {
        for (const auto& list : rules->lists) rows = std::max<uint64_t>(rows, list.size());
      }
      item.number("grants", rows);
    }
    homes.close();
    object.close();
    return Answer::json(std::move(out));
  });
}

Result<Answer> confirm(Gateway& gateway, Call&) {
  HG_CHECK(gateway.write<void>(nullptr, {"restore.confirm", "", ""}, [&](engine::Core& core) -> Status {
    if (!core.writer().owner(core.me()).hold) {
      return stateError("restore_not_held", "There is no restored data folder here that waits to be confirmed.");
    }
    core.confirmRestore();
    return {};
  }));
  return Answer::nothing();
}

}  // namespace

void addRestoreRoutes(Router& router) {
  router.add({"GET", "/api/v1/restore", {}, show});
  router.add({"POST", "/api/v1/restore/confirm", {}, confirm});
}

}  // namespace hearthgate::api
