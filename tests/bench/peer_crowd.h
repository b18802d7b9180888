// Many homes in one process, each with a link of its own to one gateway, over the gateway's own transport, channel and
// frames: how they pair, dial, lose their links and dial again. What comes is given to whoever asked for it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/executor.h"
#include "bench/peer_home.h"
#include "hearthgate/host.h"
#include "lan/lan_transport.h"
#include "sync/connection.h"
#include "trust/pairing.h"
#include "trust/pairing_code.h"
#include "trust/pairing_commit.h"

namespace hearthgate::bench {

class PeerCrowd final : public sync::Connection::User {
 public:
  // `seen`: home and encoded version, under the crowd's lock, one at a time.
  using Seen = std::function<void(size_t home, std::string_view version)>;
  PeerCrowd(size_t homes, Seen seen);
  ~PeerCrowd() override;

  size_t size() const { return members_.size(); }
  const PeerHome& home(size_t number) const { return members_[number].home; }

  // With a code that the gateway shows at its sync port; waits until both have stored it.
  Status pair(size_t number, const std::string& code, int port);
  // From now on every home that has no link dials until it has one, as often as a gateway would.
  void dial(int port);
  // Ends all links, and none is dialled.
  void hangUp();
  // Ends the TCP connections of all links at once, without a word. Gives how many.
  size_t cut(int port);
  // Waits until each home has a link and the gateway said that it has acknowledged everything. False after `limit_s`.
  bool waitLevel(int limit_s);
  // Asks each for that anew.
  void askLevel();

  struct Figures {
    size_t linked = 0;
    size_t level = 0;
    uint64_t dials = 0;
    uint64_t failed = 0;  // dials that came to nothing
    uint64_t batches = 0;
    uint64_t versions = 0;
    int64_t first_level_ns = 0;  // since the last dial()
    int64_t last_level_ns = 0;
  };
  Figures figures();
  std::string lastError();

 private:
  struct Pairing {
    std::unique_ptr<trust::PairingSession> session;
    std::unique_ptr<trust::PairingCommit> commit;
    bool offered = false;
    bool done = false;
    std::optional<Error> failed;
  };
  struct Member {
    explicit Member(int number) : home(number) {}
    PeerHome home;
    std::shared_ptr<sync::Connection> link;
    bool linked = false;
    bool level = false;
    int64_t retry_ms = 0;
    std::unique_ptr<Pairing> pairing;
    std::string pairing_id;  // once it is done
  };

  void onEstablished(const std::shared_ptr<sync::Connection>& connection) override;
  void onReceived(const std::shared_ptr<sync::Connection>& connection, std::string message) override;
  void onEnded(const std::shared_ptr<sync::Connection>& connection, const Error& error) override;
  // All with the lock held.
  void dialPeer(Member& member);
  void dialLater(Member& member, int64_t delay_ms);
  void open(Member& member, sync::Connection::Kind kind, std::unique_ptr<trust::Channel> channel,
            const std::string& target);
  Member* memberOf(const std::shared_ptr<sync::Connection>& connection);
  void advancePairing(Member& member);
  void perform(Member& member, const trust::PairingCommit::Actions& actions);
  void acknowledgeAgain(Member& member, const std::string& payload);
  void say(Member& member, std::vector<std::string> messages);
  void fail(Member& member, const Error& error);

  class TakeAll final : public sdk::RequestFilter {
    uint32_t check(const sdk::Request&) override { return 0; }
  };

  Seen seen_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Member> members_;
  std::map<sync::Connection*, size_t> by_connection_;
  std::string address_;
  bool dialling_ = false;
  uint64_t dials_ = 0;
  uint64_t failed_ = 0;
  int64_t first_level_ns_ = 0;
  int64_t last_level_ns_ = 0;
  std::string last_error_;
  TakeAll filter_;
  // The threads; the last, so that they end before what they use.
  lan::LanTransport transport_;
  Executor links_{"peer links"};
  Executor handshakes_{"peer handshakes"};
};

}  // namespace hearthgate::bench
