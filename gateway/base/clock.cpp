#include "base/clock.h"

#include "base/clock_source.h"

#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdio>

namespace hearthgate {
namespace {

bool touchedSinceBoot(const char* path) {
  struct stat info {};
  timespec up{};
  if (stat(path, &info) != 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0) return false;
  return info.st_mtim.tv_sec >= time(nullptr) - up.tv_sec;
}


class SystemClock : public Clock {
 public:
  explicit SystemClock(ClockTrust trust) : trust_(trust) {}
  int64_t wallMs() override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  int64_t steadyMs() override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  bool synchronised() override {
    if (trust_ != ClockTrust::kAuto) return trust_ == ClockTrust::kYes;
    int64_t now = steadyMs();
    if (now >= next_look_ms_.load(std::memory_order_relaxed)) {
      answer_.store(!clockSource().empty(), std::memory_order_relaxed);
      next_look_ms_.store(now + 5000, std::memory_order_relaxed);
    }
    return answer_.load(std::memory_order_relaxed);
  }

 private:
  ClockTrust trust_;
  std::atomic<int64_t> next_look_ms_{0};
  std::atomic<bool> answer_{false};
};

}  // namespace

std::string clockSource() {
  timex state{};
  if (adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0) return "the kernel";
  // systemd-timesyncd.service(8) touches the first at each synchronisation; chronyd(8) writes its drift file only while
  // it follows a source.
  if (touchedSinceBoot("/run/systemd/timesync/synchronized")) return "systemd-timesyncd";
  return touchedSinceBoot("/var/lib/chrony/chrony.drift") ? "chrony" : "";
}

Clock& systemClock(ClockTrust trust) {
  // Never destroyed: threads look at it until the process is gone, also after a plugin that called exit().
  static auto& automatic = *new SystemClock(ClockTrust::kAuto);
  static auto& yes = *new SystemClock(ClockTrust::kYes);
  static auto& no = *new SystemClock(ClockTrust::kNo);
  return trust == ClockTrust::kAuto ? automatic : trust == ClockTrust::kYes ? yes : no;
}

namespace {
// `value` in so many decimal digits; more where it has more.
void appendDigits(int64_t value, size_t digits, char end, std::string* out) {
  std::string text = std::to_string(value);
  if (text.size() < digits) out->append(digits - text.size(), '0');
  *out += text;
  *out += end;
}
}  // namespace

std::string rfc3339(int64_t wall_ms) {
  using namespace std::chrono;
  sys_time<milliseconds> time{milliseconds{wall_ms}};
  auto day = floor<days>(time);
  year_month_day date{day};
  hh_mm_ss clock{time - day};
  std::string text;
  text.reserve(32);
  appendDigits(static_cast<int>(date.year()), 4, '-', &text);
  appendDigits(static_cast<unsigned>(date.month()), 2, '-', &text);
  appendDigits(static_cast<unsigned>(date.day()), 2, 'T', &text);
  appendDigits(clock.hours().count(), 2, ':', &text);
  appendDigits(clock.minutes().count(), 2, ':', &text);
  appendDigits(clock.seconds().count(), 2, '.', &text);
  appendDigits(clock.subseconds().count(), 3, 'Z', &text);
  return text;
}

bool parseRfc3339(const std::string& text, int64_t* wall_ms) {
  tm parts{};
  int consumed = 0;
  char separator = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%c%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &separator,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &consumed) != 7 ||
      consumed != 19 || (separator != 'T' && separator != 't' && separator != ' ')) {
    return false;
  }
  if (parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 ||
      parts.tm_min > 59 || parts.tm_sec > 60) {
    return false;
  }
  size_t at = 19;
  int64_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    int digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      if (digits < 3) fraction = fraction * 10 + (text[at] - '0');
    }
    if (digits == 0) return false;
    for (; digits < 3; ++digits) fraction *= 10;
  }
  int offset_minutes = 0;
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
  } else {
    int hours = 0;
    int minutes = 0;
    int used = 0;
    if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return false;
    bool behind = text[at] == '-';
    if (std::sscanf(text.c_str() + at + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5) return false;
    if (hours > 23 || minutes > 59) return false;
    offset_minutes = (hours * 60 + minutes) * (behind ? -1 : 1);
    at += 6;
  }
  if (at != text.size()) return false;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  *wall_ms = (static_cast<int64_t>(timegm(&parts)) - offset_minutes * 60) * 1000 + fraction;
  return true;
}

}  // namespace hearthgate
