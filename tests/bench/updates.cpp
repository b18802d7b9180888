#include "bench/updates.h"

#include <time.h>

#include <chrono>
#include <random>

namespace hearthgate::bench {

namespace {

constexpr std::string_view kBefore = R"("token":")";
constexpr size_t kTokenDigits = 66;

}  // namespace

int64_t nowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::string entityId(int entity) { return "light.lamp_" + std::to_string(entity); }

std::vector<Update> updates(uint64_t seed, size_t count, int entities) {
  std::mt19937_64 random(seed);
  std::vector<Update> all(count);
  for (size_t i = 0; i < count; ++i) {
    Update& one = all[i];
    one.entity = static_cast<int>(i % static_cast<size_t>(entities));
    one.token.reserve(kTokenDigits);
    for (size_t digit = 0; digit < kTokenDigits; ++digit) one.token += "0123456789abcdef"[random() % 16];
    one.fields = random() % 2 ? R"({"state":"on","attributes":{"brightness":)" : R"({"state":"off","attributes":{"brightness":)";
    one.fields.append(std::to_string(random() % 256)).append(R"(,"color_mode":"color_temp","color_temp_kelvin":)");
    one.fields.append(std::to_string(2000 + random() % 4500)).append(R"(,"friendly_name":"Kitchen lamp )");
    one.fields.append(std::to_string(one.entity)).append(R"(","linkquality":)").append(std::to_string(random() % 256));
    one.fields.append(R"(,"rssi":-61,"supported_features":44,)").append(kBefore).append(one.token);
    one.fields.append(R"("},"last_changed":"2026-11-20T10:00:)").append(std::to_string(10 + random() % 50));
    one.fields.append(R"(.123456+00:00","area":"kitchen"})");
  }
  return all;
}

std::string_view tokenIn(std::string_view text) {
  size_t at = text.find(kBefore);
  if (at == std::string_view::npos || text.size() < at + kBefore.size() + kTokenDigits) return {};
  return text.substr(at + kBefore.size(), kTokenDigits);
}

void Arrivals::expect(const std::vector<Update>& sent) {
  std::lock_guard lock(mutex_);
  round_.clear();
  outcome_ = {};
  std::unordered_map<int, const Update*> last;
  for (const Update& one : sent) {
    round_[one.token] = false;
    last[one.entity] = &one;
  }
  for (const auto& [entity, one] : last) round_[one->token] = true;
  missing_ = last.size();
}

void Arrivals::seen(std::string_view token) {
  std::lock_guard lock(mutex_);
  auto found = round_.find(std::string(token));
  if (found == round_.end()) return;
  int64_t now = nowNs();
  if (outcome_.states++ == 0) outcome_.first_ns = now;
  if (!found->second) return;
  found->second = false;
  if (--missing_ > 0) return;
  outcome_.level_ns = now;
  level_.notify_all();
}

bool Arrivals::wait(int limit_s, Outcome* outcome) {
  std::unique_lock lock(mutex_);
  bool all = level_.wait_for(lock, std::chrono::seconds(limit_s), [&] { return missing_ == 0; });
  *outcome = outcome_;
  return all;
}

}  // namespace hearthgate::bench
