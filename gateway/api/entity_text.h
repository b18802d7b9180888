// An entity as the REST interface shows it, for lists, answers and events. Made for one read transaction: rules and
// strategies are read once for all entities of it. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/gateway.h"
#include "conflict/view.h"
#include "engine/policy.h"
#include "store/reader.h"

namespace hearthgate::api {

class EntityText {
 public:
  // With `as`: what that home sees of this one's entities, and nothing that only their owner sees.
  EntityText(Gateway& gateway, store::Reader& reader, std::optional<HomeId> as = {})
      : gateway_(gateway), reader_(reader), as_(as) {}

  engine::OwnAccess access(const model::Address& address);
  // Whether this home may see it at all; a stub of what is no longer shared counts as seen.
  bool visible(const store::EntityRow& row);
  // In more homes than one by its owner's rules: an own one that another home may read, or any of another owner.
  bool shared(const store::EntityRow& row);
  engine::EffectiveStrategy strategy(const store::EntityRow& row);
  // Without quotes; empty for a stub.
  std::string etag(const store::EntityRow& row);

  // The item; with `change` as its first member when that is not empty.
  void append(const store::EntityRow& row, std::string_view change, std::string* out);
  std::string text(const store::EntityRow& row);

 private:
  const store::Reader::HomesRules& ownRules();
  const model::Rules* given();  // to `as_`
  const model::Rules* received(const model::OwnerId& owner);
  const model::StrategyRows& ownStrategies();
  std::optional<int64_t> staleSince(const store::EntityRow& row);
  void appendSharedWith(const store::EntityRow& row, std::string* out);

  Gateway& gateway_;
  store::Reader& reader_;
  std::optional<HomeId> as_;
  std::shared_ptr<const store::Reader::HomesRules> own_rules_;
  std::optional<model::StrategyRows> own_strategies_;
  std::optional<bool> any_here_;
  std::map<model::OwnerId, std::optional<model::Rules>> received_;
  struct Link {
    bool fresh = false;
    std::optional<int64_t> as_of_ms;
  };
  std::map<model::OwnerId, Link> links_;
};

// {"id","author","stamp","fields","deleted"}: a version among siblings or in a conflict.
void appendVersion(const model::Version& version, std::string* out);
// MS-COUNT-REPLICA.
std::string hlcText(const model::Version& version);
}  // namespace hearthgate::api
