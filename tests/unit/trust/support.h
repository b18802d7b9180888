// What the tests of trust share: a folder that cleans itself up, a replayable random source, two channels joined
// together.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "base/random.h"
#include "trust/identity.h"
#include "trust/tls.h"

namespace hearthgate::trust {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hearthgate-trust-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  void fill(std::span<uint8_t> out) override {
    for (size_t at = 0; at < out.size(); at += 8) {
      uint64_t word = engine_();
      std::memcpy(out.data() + at, &word, std::min<size_t>(8, out.size() - at));
    }
  }

 private:
  std::mt19937_64 engine_;
};

inline Channel::IsPinned onlyKey(std::string spki) {
  return [spki = std::move(spki)](std::string_view shown) { return shown == spki; };
}

// Carries bytes both ways until nothing moves. A channel that failed still sends what it has (its alert).
inline void exchange(Channel& a, Channel& b) {
  for (int round = 0; round < 100; ++round) {
    std::string from_a = a.takeOutput(), from_b = b.takeOutput();
    if (from_a.empty() && from_b.empty()) return;
    if (!from_a.empty()) (void)b.feed(from_a);
    if (!from_b.empty()) (void)a.feed(from_b);
  }
  ADD_FAILURE() << "the channels did not come to rest";
}

struct ChannelPair {
  std::unique_ptr<Channel> client, server;
};

inline ChannelPair pairChannels(std::string_view client_psk, std::string_view server_psk) {
  ChannelPair pair{std::move(Channel::pair(Channel::Role::kClient, client_psk)).value(),
                   std::move(Channel::pair(Channel::Role::kServer, server_psk)).value()};
  exchange(*pair.client, *pair.server);
  return pair;
}

}  // namespace hearthgate::trust
