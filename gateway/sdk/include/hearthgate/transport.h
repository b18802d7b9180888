// A transport carries messages between homes: a dial side and a listen side, nothing else. When to reconnect, who the
// other side is and what it may do is decided in the gateway's core; the messages are ciphertext to the transport.
//
// Threads: functions of Transport and Link may be called from any thread and do not block, except stop. Handlers,
// acceptors and dial answers are called on the transport's thread, one at a time for each link, never from inside a
// call into the transport; they must not block, and must not call Transport::stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hearthgate/outcome.h"

namespace hearthgate::sdk {

// Why a link ended. Codes of the transport itself:
//   closed             the other side ended it without a reason of its own
//   lost               the connection broke: reset, or ended without a word
//   ping_timeout       nothing was heard for the idle limit, pings included, or next to nothing of a message
//   too_large          a message above the limit came, that of strangers included
//   protocol_error     what came is not the transport's protocol, a text message for example
//   stopped            the transport stopped
// and any code that one side gave to Link::close. What comes from the other side is not authenticated: a hint, not a
// fact.
struct CloseReason {
  std::string code;  // [a-z0-9_]{1,32}
  std::string text;  // for people, may be empty; at most 80 bytes travel
  bool by_peer = false;
};

enum class Sent : uint32_t {
  kQueued,    // taken; it leaves after what was queued before
  kFull,      // not taken: the queue is at its limit; LinkHandler::onWritable tells when to go on
  kTooLarge,  // not taken: longer than maxMessageBytes()
  kClosed,    // not taken: the link is closed or closing
};

// What a link that was accepted takes of one message before Link::authenticated: strangers open links too, and must not
// make the gateway hold more than their handshake.
inline constexpr size_t kStrangerMessageBytes = 20 * 1024;

class Link {
 public:
  virtual ~Link() = default;
  // Queues one message. Order is kept; delivery is not promised. `message` is moved from only when the answer is
  // kQueued. While queuedBytes() < queueLimitBytes() and the link is open, a message within maxMessageBytes() is always
  // taken.
  virtual Sent send(std::string&& message) = 0;
  // Bytes taken by send and not yet given to the operating system, with a few for each message's own keeping.
  virtual size_t queuedBytes() const = 0;
  virtual size_t queueLimitBytes() const = 0;
  virtual size_t maxMessageBytes() const = 0;
  // The other side has proved who it is: from now on messages up to maxMessageBytes() are taken. In force for whatever
  // answers a message that is sent after it. A link that was dialled takes them from the beginning.
  virtual void authenticated() = 0;
  // Ends the link after what is queued has left, or after a short limit. No onMessage comes after it returned, except
  // one that is running; onClosed comes once, with this reason on both sides. Later calls do nothing.
  virtual void close(std::string code, std::string text) = 0;
  // `192.0.2.1:8765`, `[2001:db8::1]:8765`: the other side.
  virtual std::string remoteAddress() const = 0;
  // The path without query that was asked for: `/peer`.
  virtual std::string path() const = 0;
};

// The user's side of a link. The transport lets go of it after onClosed, so a handler may keep its link. When a link
// never comes about (a dial fails, an accepted peer leaves during the upgrade), it lets go of the handler without a
// call.
class LinkHandler {
 public:
  virtual ~LinkHandler() = default;
  // First of all, once.
  virtual void onOpen(std::shared_ptr<Link> link) = 0;
  // `message` is valid during the call.
  virtual void onMessage(std::string_view message) = 0;
  // The queue had reached its limit and is now below half of it.
  virtual void onWritable() = 0;
  // Last of all, once.
  virtual void onClosed(const CloseReason& reason) = 0;
};

// What an acceptor sees of somebody who wants a link. Requests with an Origin header never get here: homes send none,
// and the transport refuses them with 403 (TRUST.md T6).
struct LinkRequest {
  std::string path;            // `/peer`, not decoded
  std::string query;           // what follows `?`, not decoded
  std::string remote_address;  // `IP:port`
};

// Either a handler, or an HTTP status of 400 to 599 to refuse with.
struct LinkDecision {
  std::shared_ptr<LinkHandler> handler;
  uint32_t status = 404;

  static LinkDecision accept(std::shared_ptr<LinkHandler> with) { return {std::move(with), 0}; }
  static LinkDecision refuse(uint32_t http_status) { return {nullptr, http_status}; }
};

struct Listening {
  Outcome outcome;    // codes: bad_address, address_in_use, address_not_available, not_permitted, stopped
  uint16_t port = 0;  // the bound one
};

// `transport/2`, provided by plugins with the role kTransport. (A `transport/1` let strangers send as much as homes.)
class Transport {
 public:
  static constexpr std::string_view kId = "transport";
  static constexpr uint32_t kRevision = 2;
  using Acceptor = std::function<LinkDecision(const LinkRequest&)>;
  using Dialled = std::function<void(const Outcome&)>;

  virtual ~Transport() = default;
  // Accepts links at `address` (an IP literal; `::` takes IPv4 too) and `port` (0: any free one) until stop. May be
  // called several times for several addresses.
  virtual Listening listen(const std::string& address, uint16_t port, Acceptor acceptor) = 0;
  // Opens a link to `address` (`HOST:PORT`, IPv6 in brackets) and `target` (`/peer?k=…`). Calls `dialled` exactly once:
  // with success just after handler->onOpen, or with a code: bad_address, name_unknown, unreachable, refused, timeout; after
  // a connection: upgrade_timeout, not_a_websocket (so any other server), http_STATUS (`http_404`: the other gateway's acceptor
  // said no), lost; or stopped.
  virtual void dial(const std::string& address, const std::string& target, std::shared_ptr<LinkHandler> handler,
                    Dialled dialled) = 0;
  // Ends all of it: every link gets onClosed and every dial its answer before this returns, and nothing is called
  // afterwards. Blocks for a second at most, except while a name is being looked up. Idempotent.
  virtual void stop() = 0;
};

}  // namespace hearthgate::sdk
