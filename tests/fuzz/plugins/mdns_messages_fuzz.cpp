// What the gateway and its process that speaks multicast DNS read of each other: any bytes as lines, and texts of strangers that
// travel in real messages. What is taken is what was written, and of a service only what can be one.
#include <cstring>

#include "base/assert.h"
#include "fuzz/input.h"
#include "lan/mdns_messages.h"
#include "lan/tuning.h"

using namespace hearthgate;
using namespace hearthgate::lan;

namespace {

void same(const sdk::Announcement& a, const sdk::Announcement& b) {
  HG_ASSERT(a.type == b.type && a.name == b.name && a.port == b.port && a.txt == b.txt && a.address == b.address);
}

void same(const MdnsOrder& a, const MdnsOrder& b) {
  HG_ASSERT(a.what == b.what && a.number == b.number);
  same(a.service, b.service);
}

void same(const MdnsReport& a, const MdnsReport& b) {
  const sdk::ServiceInstance &x = a.instance, &y = b.instance;
  HG_ASSERT(a.what == b.what && a.number == b.number && a.change == b.change && a.level == b.level && a.text == b.text);
  HG_ASSERT(a.outcome.code == b.outcome.code && a.outcome.message == b.outcome.message);
  HG_ASSERT(x.type == y.type && x.name == y.name && x.interface == y.interface && x.address == y.address && x.port == y.port);
  HG_ASSERT(x.txt == y.txt && x.own == y.own && x.on_link == y.on_link);
}

std::string lineOf(const std::string& encoded) {
  HG_ASSERT(!encoded.empty() && encoded.find('\n') == encoded.size() - 1);
  return encoded.substr(0, encoded.size() - 1);
}

void bounded(const MdnsReport& report) {
  size_t txt_bytes = 0;
  for (const std::string& text : report.instance.txt) txt_bytes += text.size() + 1;
  HG_ASSERT(txt_bytes <= sdk::kMaxTxtBytes && report.instance.name.size() <= kMaxLabelBytes);
  HG_ASSERT(report.instance.type.size() <= kMaxTypeBytes && report.instance.interface.size() < 16);
  HG_ASSERT(report.instance.address.size() < 64 && report.text.size() <= kMaxReportTextBytes);
  // It can be told on, and takes part in a line that is read.
  HG_ASSERT(lineOf(encode(report)).size() < 64 * 1024);
}

void read(std::string_view line) {
  if (const auto order = decodeOrder(line)) {
    const auto again = decodeOrder(lineOf(encode(*order)));
    HG_ASSERT(again);
    same(*order, *again);
  }
  if (const auto report = decodeReport(line)) {
    bounded(*report);
    const auto again = decodeReport(lineOf(encode(*report)));
    HG_ASSERT(again);
    same(*report, *again);
  }
}

// Lines however they are cut.
void pieces(fuzz::Input& input) {
  const size_t step = 1 + input.byte();
  const std::string_view all = input.rest();
  std::string whole;
  Lines lines;
  for (size_t at = 0; at < all.size(); at += step) {
    const bool fine = lines.feed(all.substr(at, step), [&](std::string_view line) {
      HG_ASSERT(line.find('\n') == std::string_view::npos);
      whole.append(line).push_back('\n');
      read(line);
    });
    if (!fine) return;
  }
  HG_ASSERT(all.starts_with(whole) && all.substr(whole.size()).find('\n') == std::string_view::npos);
}

std::string text(fuzz::Input& input) { return std::string(input.bytes()); }

std::vector<std::string> texts(fuzz::Input& input) {
  std::vector<std::string> all(input.below(8));
  for (std::string& one : all) one = text(input);
  return all;
}

void honest(fuzz::Input& input) {
  const uint64_t number = input.word() >> 1;
  const auto port = static_cast<uint16_t>(input.word());
  if (input.flag()) {
    const MdnsOrder order{static_cast<MdnsOrder::What>(input.below(4)), number, {text(input), text(input), port, texts(input), text(input)}};
    const auto got = decodeOrder(lineOf(encode(order)));
    HG_ASSERT(got);
    return same(order, *got);
  }
  MdnsReport report;
  report.what = static_cast<MdnsReport::What>(input.below(3));
  report.number = number;
  report.change = static_cast<sdk::ServiceChange>(input.below(3));
  report.level = static_cast<sdk::Log::Level>(input.below(4));
  report.instance = {text(input), text(input), text(input), input.flag() ? "fe80::1%eth0" : text(input), port, texts(input), input.flag(), input.flag()};
  report.outcome = input.flag() ? sdk::Outcome::success() : sdk::Outcome::failure("name_taken", text(input));
  report.text = text(input);
  const auto got = decodeReport(lineOf(encode(report)));
  if (!got) return;  // It can be no service.
  bounded(*got);
  same(report, *got);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  input.flag() ? pieces(input) : honest(input);
  return 0;
}
