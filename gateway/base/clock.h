// Time as an interface, so that the simulation can be the clock. Any thread for systemClock().
#pragma once

#include <cstdint>
#include <string>

namespace hearthgate {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970-01-01T00:00:00Z; may jump.
  virtual int64_t wallMs() = 0;
  // Milliseconds of a clock that only goes forward, from an arbitrary start.
  virtual int64_t steadyMs() = 0;
  // Whether the wall clock is known to be right (DESIGN.md section 2, rule 9).
  virtual bool synchronised() = 0;
};

enum class ClockTrust { kAuto, kYes, kNo };

// The machine's clocks. `kAuto` asks the kernel's NTP state (adjtimex without STA_UNSYNC), or takes the stamp files of
// systemd-timesyncd and chrony as a yes. The answer is looked up at most once in five seconds.
Clock& systemClock(ClockTrust trust);

// RFC 3339 in UTC with milliseconds: 2026-11-20T10:00:00.123Z.
std::string rfc3339(int64_t wall_ms);
// Milliseconds since 1970 of an RFC 3339 text (any offset, fractions cut at milliseconds); false when it is none.
bool parseRfc3339(const std::string& text, int64_t* wall_ms);

}  // namespace hearthgate
