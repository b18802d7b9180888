#include "plugin_host/request_filter.h"

#include <gtest/gtest.h>

namespace hearthgate::plugin_host {
namespace {

uint32_t check(std::optional<std::string> host, std::optional<std::string> origin = {},
               std::optional<std::string> site = {}) {
  HostFilter filter({"Beach.local", "gate.example.org"});
  return filter.check({"GET", "/", std::move(host), std::move(origin), std::move(site), "127.0.0.1:1"});
}

TEST(HostFilter, TakesAddressesAndNamesThatCannotBeRebound) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8760", "192.168.1.5:80", "[::1]:8760", "[fe80::1]", "localhost",
                           "LOCALHOST:1", "beach.local", "beach.local:8760", "hearthgate", "gate.example.org:443"}) {
    EXPECT_EQ(check(host), 0u) << host;
  }
}

TEST(HostFilter, RefusesNamesThatAnybodyCanPointHere) {
  for (const char* host :
       {"evil.example", "127.0.0.1.evil.example", "beach.local.evil.example", "other.local", "127.0.0.1:80:80", "[::1",
        "[::1]x", "::1", "", "a b", "user@localhost", "localhost:port", "1.2.3.4.", "0x7f.1"}) {
    EXPECT_EQ(check(host), 403u) << host;
  }
  EXPECT_EQ(check(std::nullopt), 400u);
}

TEST(HostFilter, RefusesWhatAForeignPageSends) {
  EXPECT_EQ(check("127.0.0.1:8760", "http://127.0.0.1:8760"), 0u);
  EXPECT_EQ(check("hearthgate", "http://hearthgate"), 0u);
  EXPECT_EQ(check("hearthgate:80", "http://hearthgate"), 0u);
  EXPECT_EQ(check("[::1]:8760", "http://[::1]:8760"), 0u);
  EXPECT_EQ(check("hearthgate:8760", "http://hearthgate"), 403u) << "another port than the request's";
  EXPECT_EQ(check("127.0.0.1:8760", "http://127.0.0.1:8761"), 403u);
  EXPECT_EQ(check("127.0.0.1:8760", "http://evil.example"), 403u);
  EXPECT_EQ(check("127.0.0.1:8760", "null"), 403u);
  EXPECT_EQ(check("127.0.0.1:8760", ""), 403u);
  EXPECT_EQ(check("127.0.0.1:8760", "file://127.0.0.1:8760"), 403u);
}

TEST(HostFilter, ListensToSecFetchSite) {
  EXPECT_EQ(check("127.0.0.1", {}, "same-origin"), 0u);
  EXPECT_EQ(check("127.0.0.1", {}, "none"), 0u);
  for (const char* site : {"cross-site", "same-site", "", "nonsense"})
    EXPECT_EQ(check("127.0.0.1", {}, site), 403u) << site;
}

}  // namespace
}  // namespace hearthgate::plugin_host
