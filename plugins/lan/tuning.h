// The limits of LAN links and the reason for each. LanSettings carries those that tests shorten.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hearthgate::lan {

// A message: four times the largest document, so that one entity with its siblings always fits in one.
inline constexpr size_t kMaxMessageBytes = 4 * 1024 * 1024;
// Waiting in one link: two of the largest messages, so a sender may fill one while the other leaves.
inline constexpr size_t kQueueLimitBytes = 8 * 1024 * 1024;
// What a queued message costs beside its bytes, so that a flood of empty ones meets the limit too.
inline constexpr size_t kMessageOverheadBytes = 64;
// One TLS record (16 KiB and some) with its frame header is masked and written in one piece; each dialled link has one.
inline constexpr size_t kWriteBufferBytes = 20 * 1024;
// A receive buffer that grew beyond this for one large message is given back.
inline constexpr size_t kKeepReceiveBufferBytes = 64 * 1024;
// TRUST.md T7: what a stranger may send and how long it may take before it is told what it gets.
inline constexpr std::chrono::milliseconds kUpgradeTimeout{5'000};
inline constexpr size_t kUpgradeHeaderBytes = 8 * 1024;
// Connections whose upgrade has not ended; above it the busiest address loses its oldest one. At most 2 MiB together.
inline constexpr size_t kMaxUpgrading = 128;
// Looking up the name and the TCP connection of a dial; a live gateway answers in milliseconds.
inline constexpr std::chrono::milliseconds kConnectTimeout{5'000};
// Half of the silence after which a link is dead: a ping goes out when nothing was heard for so long (DESIGN.md: 30 s).
inline constexpr std::chrono::milliseconds kPingInterval{15'000};
// Of a message that has begun, so much has to come in twice the ping interval: a line of 140 bits a second does it. A
// side that sends less, or whose announced length was changed on the way, would hold the link with its pings alone.
inline constexpr size_t kMinProgressBytes = 512;
// What is queued and the other side's goodbye may take this long after close().
inline constexpr std::chrono::milliseconds kCloseTimeout{3'000};
// How long the other side may take to end its TCP connection after both said goodbye.
inline constexpr std::chrono::milliseconds kTeardownTime{1'000};
// What a link may take when the transport stops: the gateway shall not hang in its own shutdown.
inline constexpr std::chrono::milliseconds kStopGrace{500};
// After accept() failed, for want of file descriptors most likely.
inline constexpr std::chrono::milliseconds kAcceptRetry{100};
// RFC 6455 section 5.5: a control frame holds 125 bytes, two of them the number.
inline constexpr size_t kCloseTextBytes = 80;
inline constexpr size_t kCloseCodeBytes = 32;
// Instances of one type that are looked at, each by interface and by IPv4 and IPv6: a house with fifty homes on two networks
// has two hundred. What announces more is no house.
inline constexpr size_t kMaxInstances = 512;
// Up to so many are followed, so that a change is heard of at once: a dozen homes at most. With fifty, following cost each of
// them three packets a minute after a quarter of an hour, and thirty at the start.
inline constexpr size_t kFollowedInstances = 16;
// More than that are looked at all together, so many a second on average, which costs no packet and less than a hundredth of
// a processor however many there are. Of fifty homes a code that was opened shows at the others within two seconds.
inline constexpr int kLooksPerSecond = 25;
// What the process that listens may tell of them: a label (RFC 1035 section 2.3.4), `_LABEL._tcp` or a subtype of it, and lines
// for the log, of which Avahi's longest hold a name.
inline constexpr size_t kMaxLabelBytes = 63;
inline constexpr size_t kMaxTypeBytes = 160;
inline constexpr size_t kMaxReportTextBytes = 1024;
// When multicast DNS is tried again after it failed: avahi-daemon is back within seconds when it is updated.
inline constexpr std::chrono::milliseconds kBeginAgain{2'000};
// Tries before `auto` does without an avahi-daemon that was there.
inline constexpr int kDaemonTries = 5;
// How often `auto` looks for one that was not there: at boot it may be begun after the gateway. Without a message bus that is
// one connect() that fails.
inline constexpr std::chrono::milliseconds kLookForDaemon{15'000};
// How long Avahi has for its goodbyes: it sends them within a tenth of a second (RFC 6762 section 6: 20 to 120 ms).
inline constexpr std::chrono::milliseconds kGoodbyeTime{200};
// When the process that speaks it is begun again after it ended, doubled each time; one that ran for longer begins anew.
inline constexpr std::chrono::milliseconds kProcessPause{500};
inline constexpr std::chrono::milliseconds kProcessLongestPause{60'000};
// What it has for its goodbyes and its end.
inline constexpr std::chrono::milliseconds kProcessEnd{2'000};
// What it may have of memory, libraries too (it takes some 30 MiB with 500 instances), and of descriptors (it takes ten).
inline constexpr uint64_t kProcessMemoryBytes = uint64_t{256} << 20;
inline constexpr uint64_t kProcessFiles = 64;
// When an announcement that met a conflict is tried again (RFC 6762 section 9 wants no haste after many of them).
inline constexpr std::chrono::milliseconds kAfterConflict{1'000};
inline constexpr std::chrono::milliseconds kAfterManyConflicts{60'000};
// How long others may believe a record: RFC 6762 section 10 wants 75 minutes of most, and two of those that name a host, for
// machines that change their addresses without a word. Here a change is announced and an end is said goodbye to; two
// minutes would have every home of a network ask every other one all the time.
inline constexpr uint32_t kRecordTtlS = 75 * 60;
// Names that are tried when others have the one that was asked for.
inline constexpr int kMaxRenames = 16;

struct LanSettings {
  size_t max_message_bytes = kMaxMessageBytes;
  size_t queue_limit_bytes = kQueueLimitBytes;
  std::chrono::milliseconds upgrade_timeout = kUpgradeTimeout;
  std::chrono::milliseconds connect_timeout = kConnectTimeout;
  std::chrono::milliseconds ping_interval = kPingInterval;
  std::chrono::milliseconds close_timeout = kCloseTimeout;
};

}  // namespace hearthgate::lan
