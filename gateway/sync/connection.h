// One link with its channel: handshake on the hub's handshake thread, then frames on its links' thread. Keeps itself alive
// through the transport's handler pointer. Internal to the hub.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "hearthgate/transport.h"
#include "sync/frames.h"
#include "sync/replicator.h"
#include "sync/traffic.h"
#include "sync/tuning.h"
#include "trust/tls.h"

namespace hearthgate::sync {

// Messages that a connection has given to the engine and that are not processed: above it the peer ignores flow control.
inline constexpr size_t kMaxEngineBacklogBytes = 32 << 20;
// Bytes from the link that wait for our threads; a peer within its in-flight window stays far below.
inline constexpr size_t kMaxInboxBytes = 32 << 20;
// What a thread takes in of one link before the others have their turn, decompressed: a whole message at least.
inline constexpr size_t kRoundReceivedBytes = 1 << 20;
// What a message costs beside its bytes where it waits, so that a flood of tiny ones meets the limits too.
inline constexpr size_t kMessageChargeBytes = 256;
// Messages that wait for room in the link. Of both homes' entities honest sending leaves what may be unacknowledged and one
// message more; acknowledgements and the like take the rest. Above it the other home sends and does not read.
inline constexpr size_t kMaxUnsentBytes = 2 * (kInFlightBytes + kMaxMessageBytes) + (4 << 20);
// What goes into one link message, whole TLS records alone; transports take at least this much.
inline constexpr size_t kLinkMessageBytes = 256 << 10;
// How long a link whose channel the other side has closed may take to end. It ends right behind, and says why.
inline constexpr int64_t kReasonWaitMs = 1'000;

class Connection : public sdk::LinkHandler, public std::enable_shared_from_this<Connection> {
 public:
  // Who uses connections. Called on the thread that the connection works on at that moment, never two at once for one
  // connection.
  class User {
   public:
    virtual ~User() = default;
    // The channel is established and checked.
    virtual void onEstablished(const std::shared_ptr<Connection>& connection) = 0;
    // A whole message of a peer link, or plaintext bytes of a pairing link.
    virtual void onReceived(const std::shared_ptr<Connection>& connection, std::string message) = 0;
    // Last of all. `error` is why, with a code.
    virtual void onEnded(const std::shared_ptr<Connection>& connection, const Error& error) = 0;
  };

  enum class Kind { kPeer, kPairing };

  Connection(User& user, Executor& links, Executor& handshakes, Kind kind, bool dialled,
             std::unique_ptr<trust::Channel> channel);

  // sdk::LinkHandler; transport's thread.
  void onOpen(std::shared_ptr<sdk::Link> link) override;
  void onMessage(std::string_view message) override;
  void onWritable() override;
  void onClosed(const sdk::CloseReason& reason) override;
  // The dial came to nothing: onEnded() follows.
  void failed(const Error& error);

  // Queues messages in order. Any thread.
  struct Outgoing {
    std::string message;
    bool uncompressed = false;
  };
  void send(std::vector<Outgoing> messages);
  // Ends the link after what is queued. Any thread.
  void close(std::string code, std::string text);

  Kind kind() const { return kind_; }
  bool dialled() const { return dialled_; }
  // Only from User's functions, and not from onEnded().
  trust::Channel& channel() { return *channel_; }
  std::string remoteAddress();
  // Whether the channel was established, and whether there ever was a link.
  bool established() const { return established_.load(); }
  bool opened() const { return opened_.load(); }
  // Whether the other side ended it; in onEnded().
  bool endedByPeer() const { return ended_by_peer_.load(); }
  // Where its frames are counted; set in onEstablished().
  std::shared_ptr<LinkTraffic> traffic;

  // For the hub; guarded by its mutex.
  std::optional<HomeId> home;
  std::string address;  // that was dialled
  std::string peer_spki;  // the key that the other side has shown; empty before
  std::string own_spki;  // the key of this home that it shows
  int64_t handshake_since_ms = 0;  // a dialled one: when it was first seen open and not established
  std::string transport;
  uint64_t ticket = 0;
  bool for_commit = false;  // dialled for the end of a pairing
  bool attached = false;
  std::atomic<bool> told_connected{false};  // by an event: hellos were exchanged
  std::vector<std::string> early;  // came before it was attached
  size_t early_bytes = 0;
  int64_t opened_ms = 0;
  int64_t established_ms = 0;  // 0 until the hub has seen it
  // Bytes handed to the engine and not yet worked off.
  std::atomic<size_t> engine_backlog{0};

 private:
  void schedule();
  void post();
  void work();
  Status receive();
  bool wantsToClose();
  void flush();
  void keepUnsent(std::string message);
  void end(Error error);

  User& user_;
  Executor& links_;
  Executor& handshakes_;
  const Kind kind_;
  const bool dialled_;
  std::unique_ptr<trust::Channel> channel_;
  FrameReader reader_;
  bool unread_ = false;             // reader_ may hold further whole messages
  std::deque<std::string> unsent_;  // ciphertext that the link's queue had no room for
  std::atomic<size_t> unsent_bytes_{0};
  bool told_established_ = false;
  bool waits_for_reason_ = false;  // the other side has closed the channel

  std::mutex mutex_;
  std::shared_ptr<sdk::Link> link_;
  std::deque<std::string> inbox_;
  size_t inbox_bytes_ = 0;
  std::vector<Outgoing> outbox_;
  size_t outbox_bytes_ = 0;
  std::optional<Error> ended_;   // by the transport or by ourselves
  std::optional<Error> closing_;  // we want to close
  bool scheduled_ = false;
  bool again_ = false;
  bool finished_ = false;
  std::atomic<bool> established_{false};
  std::atomic<bool> opened_{false};
  std::atomic<bool> ended_by_peer_{false};
};

}  // namespace hearthgate::sync
