// What the gateway and the process that speaks multicast DNS say to each other: one line of JSON each. Names and texts are
// whatever bytes strangers send, so they need not be UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hearthgate/dns_sd.h"
#include "hearthgate/host.h"

namespace hearthgate::lan {

// To the process.
struct MdnsOrder {
  enum class What : int64_t { kBrowse, kAnnounce, kUpdate, kEnd };
  What what = What::kEnd;
  uint64_t number = 0;        // of the browse or announcement; the gateway counts
  sdk::Announcement service;  // of a browse the type alone, of an update the texts alone
};

// From it.
struct MdnsReport {
  enum class What : int64_t { kHeard, kAnnounced, kLog };
  What what = What::kLog;
  uint64_t number = 0;
  sdk::ServiceChange change = sdk::ServiceChange::kFound;
  sdk::ServiceInstance instance;
  sdk::Outcome outcome;  // of an announcement
  std::string text;      // its name, or a line for the log
  sdk::Log::Level level = sdk::Log::Level::kDebug;
};

std::string encode(const MdnsOrder& order);
std::string encode(const MdnsReport& report);
// Nothing: it is no such line. The process reads what strangers send and is believed no more than they are: of a service only
// what can be one is taken (RFC 6763 sections 4.1.1 and 6.2), an address only as a literal.
std::optional<MdnsOrder> decodeOrder(std::string_view line);
std::optional<MdnsReport> decodeReport(std::string_view line);

// Cuts bytes that come in pieces into lines; false when one is longer than any that is sent.
class Lines {
 public:
  template <typename Take>
  bool feed(std::string_view bytes, Take take) {
    buffer_.append(bytes);
    size_t begin = 0;
    for (size_t end; (end = buffer_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      take(std::string_view(buffer_).substr(begin, end - begin));
    }
    buffer_.erase(0, begin);
    return buffer_.size() <= kMaxLineBytes;
  }

 private:
  static constexpr size_t kMaxLineBytes = 64 * 1024;  // texts of 1,300 bytes, each written as six
  std::string buffer_;
};

}  // namespace hearthgate::lan
