// One home that is paired with the gateway under load and keeps nothing of what it is sent: its identity, and what it
// has to say on its link so that the gateway takes it for a reader that follows. What real homes need a database for
// (the cursor, the rules as they were told) it keeps in memory. No I/O; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/rows.h"
#include "sync/wire.h"
#include "trust/identity.h"

namespace hearthgate::bench {

class PeerHome {
 public:
  explicit PeerHome(int number);

  const trust::Identity& identity() const { return identity_; }
  const std::string& name() const { return name_; }
  void paired(const HomeId& gateway, std::string spki);
  const std::string& gatewaySpki() const { return gateway_spki_; }

  // A link is up; gives the hello.
  std::string linkUp();
  // Appends the answers. Each version that comes is given to `seen`, encoded. Fails for what no gateway should say.
  using Seen = std::function<void(std::string_view version)>;
  Status receive(std::string_view message, const Seen& seen, std::vector<std::string>* answers);
  // The gateway has said in this link that everything was sent and acknowledged.
  bool level() const { return level_; }
  // Asks for that again.
  std::string askLevel();
  uint64_t batches() const { return batches_; }  // since the start
  uint64_t versions() const { return versions_; }

 private:
  Status receiveHello(std::string_view message, std::vector<std::string>* answers);
  void receiveBatch(const sync::Batch& batch, const Seen& seen, std::vector<std::string>* answers);
  void takeRules(const model::Rules& rules, std::vector<std::string>* answers);
  std::string offer();
  std::string ownPass();

  trust::Identity identity_;
  std::string name_;
  HomeId gateway_;
  std::string gateway_spki_;
  FeedEpoch epoch_;
  // Of the gateway's feed.
  model::Rules rules_;
  std::optional<store::Cursor> cursor_;
  bool holds_something_ = false;  // as a home with a database would say
  // Of this link.
  uint64_t offers_ = 0;
  uint64_t passes_ = 0;
  uint64_t asked_ = 0;
  bool level_ = false;
  uint64_t batches_ = 0;
  uint64_t versions_ = 0;
};

}  // namespace hearthgate::bench
