// The encrypted channel between two homes (TRUST.md T6), or between two that pair (T2, T4): TLS 1.2 over the messages
// of a link, without a socket. What the link delivers goes into feed(); what takeOutput() gives goes out as one link
// message, in order. Used by peer sessions and by pairing; an object belongs to one thread at a time (the handshake
// thread, then the links' thread).
//
// Once a call failed, the channel is dead: send what takeOutput() still holds (an alert for the other side), drop the
// link. What an alert of the other side says before established() is not authenticated: anyone on the way can forge it,
// so `not_paired` and `pairing_wrong_code` are hints for a person and nothing may be deleted because of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trust/keys.h"

namespace hearthgate::trust {

class Identity;

class Channel {
 public:
  enum class Role { kClient, kServer };
  // Whether the home behind this link may present the key of `spki` (DER). A client names the one that it expects.
  // Called at most twice, on the thread that feeds.
  using IsPinned = std::function<bool(std::string_view spki)>;

  // ALPN hgpeer/1, both sides by certificate. A client's first message is ready in takeOutput() at once.
  static Result<std::unique_ptr<Channel>> peer(Role role, const Identity& identity, IsPinned is_pinned);
  static Result<std::unique_ptr<Channel>> peer(Role role, const PrivateKey& key, std::string_view certificate,
                                               IsPinned is_pinned);
  // ALPN hgpair/1, both sides by the key that follows from a pairing code (pairing_code.h).
  static Result<std::unique_ptr<Channel>> pair(Role role, std::string_view psk);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Takes bytes from the link, in any portions. Codes: `not_paired` (the other home does not know our key),
  // `key_not_pinned` (we do not know its), `pairing_wrong_code`, `handshake_too_large`, `renegotiation`, `tls_refused`.
  Status feed(std::string_view bytes_from_link);
  // Bytes to send, possibly none.
  std::string takeOutput();
  // What the other side wrote, decrypted and in order; boundaries of its writes are not kept.
  std::string takePlaintext();
  // Encrypts, in records of at most kMaxRecordBytes. Only when established() and not closed(), else `link_closed`.
  Status write(std::string_view plaintext);

  // The handshake is over and every check of T6 has passed.
  bool established() const;
  // What was fed last ended inside a TLS record.
  bool midRecord() const;
  // The other side said goodbye, or close() or a failure ended the channel.
  bool closed() const;
  // Why it failed, if it did.
  const std::optional<Error>& failure() const;
  // The other side's operating key in peer mode, once established; else empty.
  const std::string& peerSpki() const;
  // Keying material of RFC 5705 without a context, known to both ends of this very channel. Fails with `link_closed`
  // before established().
  Result<std::string> exporter(const std::string& label, size_t length) const;
  // Says goodbye; takeOutput() holds it.
  void close();

 private:
  struct State;
  explicit Channel(std::unique_ptr<State> state);
  static Result<std::unique_ptr<Channel>> begin(std::unique_ptr<State> state);
  Status advance();
  Status readRecords();
  Status checkHandshake();
  Status fail(Error error);
  Error errorOf(int code) const;

  std::unique_ptr<State> state_;
};

}  // namespace hearthgate::trust
