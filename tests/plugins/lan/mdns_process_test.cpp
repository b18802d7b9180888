// What the plugin and the process that speaks multicast DNS say to each other, and what becomes of one that ends.
#include "lan/mdns_process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "lan/mdns_messages.h"

namespace hearthgate::lan {
namespace {

using std::chrono::steady_clock;

std::string withoutEnd(std::string line) {
  EXPECT_EQ(line.back(), '\n');
  line.pop_back();
  EXPECT_EQ(line.find('\n'), std::string::npos) << "a line is one line";
  return line;
}

std::string allBytes() {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  return all;
}

std::string heard(sdk::ServiceInstance instance) {
  return withoutEnd(encode(MdnsReport{MdnsReport::What::kHeard, 7, sdk::ServiceChange::kLost, std::move(instance), {}, "", {}}));
}

TEST(MdnsMessages, WhateverBytesStrangersSendComeThrough) {
  const std::string all = allBytes();
  for (size_t from = 0; from < all.size(); from += 63) {
    const std::string name = all.substr(from, 63);
    const sdk::ServiceInstance instance{"_hearthgate._tcp", name, "eth0", "fe80::1%eth0", 65535, {all, "", "k=\n\"\\"}, true, true};
    const auto report = decodeReport(heard(instance));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->number, 7u);
    EXPECT_EQ(report->change, sdk::ServiceChange::kLost);
    EXPECT_EQ(report->instance.name, name);
    EXPECT_EQ(report->instance.txt, instance.txt);
    EXPECT_EQ(report->instance.address, instance.address);
    EXPECT_EQ(report->instance.port, 65535);
    EXPECT_TRUE(report->instance.own && report->instance.on_link);
  }

  const auto order = decodeOrder(withoutEnd(encode(MdnsOrder{MdnsOrder::What::kAnnounce, 9, {"_t._udp", all, 1, {all}, "::"}})));
  ASSERT_TRUE(order);
  EXPECT_EQ(order->what, MdnsOrder::What::kAnnounce);
  EXPECT_EQ(order->service.name, all);
  EXPECT_EQ(order->service.txt, std::vector<std::string>{all});
}

TEST(MdnsMessages, WhatIsNoMessageIsNone) {
  for (const char* line : {"", "{", "[]", "1", R"({"what":3})", R"({"what":-1})", R"({"what":0,"change":3})", R"({"what":2,"level":9})"}) {
    EXPECT_FALSE(decodeReport(line)) << line;
  }
  for (const char* port : {"-1", "65536", "9223372036854775807"}) {
    EXPECT_FALSE(decodeReport(std::string(R"({"what":0,"port":)") + port + "}")) << port;
    EXPECT_FALSE(decodeOrder(std::string(R"({"what":1,"port":)") + port + "}")) << port;
  }
  EXPECT_FALSE(decodeOrder(R"({"what":4})"));
  EXPECT_TRUE(decodeOrder(R"({"what":3})"));
}

TEST(MdnsMessages, WhatCanBeNoServiceIsNotTaken) {
  const sdk::ServiceInstance fine{"_hearthgate._tcp", "a", "eth0", "192.0.2.1", 1, {std::string(1299, 'x')}, false, true};
  EXPECT_TRUE(decodeReport(heard(fine)));
  const auto without = [&](auto change) {
    sdk::ServiceInstance other = fine;
    change(other);
    return decodeReport(heard(other));
  };
  EXPECT_FALSE(without([](auto& one) { one.name = std::string(64, 'x'); }));
  EXPECT_FALSE(without([](auto& one) { one.type = std::string(200, 'x'); }));
  EXPECT_FALSE(without([](auto& one) { one.interface = "abcdefghijklmnop"; }));
  EXPECT_FALSE(without([](auto& one) { one.txt.emplace_back(); })) << "each text has a byte for its length";
  for (const char* address : {"x", "192.0.2", "192.0.2.1%eth0", "192.0.2.1:80", "[::1]", "fe80::1%", "fe80::1%abcdefghijklmnop", "example.org"}) {
    EXPECT_FALSE(without([&](auto& one) { one.address = address; })) << address;
  }
  for (const char* address : {"", "::", "2001:db8::1", "fe80::1%abcdefghijklmno", "::ffff:192.0.2.1"}) {
    EXPECT_TRUE(without([&](auto& one) { one.address = address; })) << address;
  }
  MdnsReport log{MdnsReport::What::kLog, 0, {}, {}, {}, std::string(1024, 'x'), {}};
  EXPECT_TRUE(decodeReport(withoutEnd(encode(log))));
  log.text += 'x';
  EXPECT_FALSE(decodeReport(withoutEnd(encode(log))));
}

TEST(MdnsMessages, LinesComeInPiecesAndHaveALimit) {
  Lines lines;
  std::vector<std::string> got;
  const auto take = [&](std::string_view line) { got.emplace_back(line); };
  EXPECT_TRUE(lines.feed("on", take));
  EXPECT_TRUE(lines.feed("e\ntwo\nth", take));
  EXPECT_EQ(got, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(lines.feed(std::string(64 * 1024 - 2, 'x'), take));
  EXPECT_FALSE(lines.feed("y", take));
}

// Counts what it says.
class Said {
 public:
  MdnsProcess::Logger logger() {
    return [this](sdk::Log::Level level, std::string_view text) {
      std::lock_guard lock(mutex_);
      if (level != sdk::Log::Level::kError) return;
      lines_.emplace_back(text);
      changed_.notify_all();
    };
  }
  std::string wait(size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(30), [&] { return lines_.size() >= count; })) return "nothing";
    return lines_[count - 1];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

TEST(MdnsProcessTest, OneThatEndsIsBegunAgainLaterEachTime) {
  Said said;
  MdnsProcess process("/bin/false", "auto", said.logger());
  process.browse("_hearthgate._tcp", [](sdk::ServiceChange, const sdk::ServiceInstance&) {});
  ASSERT_TRUE(process.start().ok());
  EXPECT_NE(said.wait(1).find("ended with status 1"), std::string::npos);
  const auto began = steady_clock::now();
  EXPECT_NE(said.wait(3).find("ended with status 1"), std::string::npos);
  EXPECT_GE(steady_clock::now() - began, kProcessPause + 2 * kProcessPause);
  process.stop();
}

TEST(MdnsProcessTest, OneThatIsNotThereIsSaidToBeAndNothingHangs) {
  Said said;
  MdnsProcess process("/nowhere/lan-mdns", "auto", said.logger());
  ASSERT_TRUE(process.start().ok());
  EXPECT_NE(said.wait(1).find("/nowhere/lan-mdns"), std::string::npos);
  const uint64_t number = process.announce({"_hearthgate._tcp", "x", 1, {}, ""}, [](const sdk::Outcome&, const std::string&) {});
  process.update(number, {"a=b"});
  process.end(number);
  process.stop();
  process.stop();
  EXPECT_NE(process.browse("_hearthgate._tcp", [](sdk::ServiceChange, const sdk::ServiceInstance&) {}), 0u);
  process.end(1);
}

}  // namespace
}  // namespace hearthgate::lan
