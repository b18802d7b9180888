// What the tests of circles share: homes with keys, and short ways to do and to ask.
#pragma once

#include <gtest/gtest.h>

#include "engine/circle_limits.h"
#include "sim/circle_homes.h"

namespace hearthgate::sync {

using engine::Circles;
using model::OwnerId;
using sim::CircleHomes;
using sim::Home;

class CircleTest : public ::testing::Test {
 protected:
  CircleTest() : CircleTest(4) {}
  explicit CircleTest(size_t count) : homes(count, 1) {}

  Home& home(size_t n) { return homes.home(n); }
  const HomeId& id(size_t n) { return homes.home(n).id(); }
  std::string invite(size_t by, size_t guest) {
    return codeOf(home(by).circles<Status>([&](Circles& circles) { return circles.invite(circle, id(guest), home(guest).name()); }));
  }
  std::string accept(size_t n) {
    return codeOf(home(n).circles<Status>([&](Circles& circles) { return circles.accept(circle); }));
  }
  // The code, or "done" or "waits".
  std::string remove(size_t by, size_t whom) {
    return codeOf(home(by).circles<Result<bool>>([&](Circles& circles) { return circles.remove(circle, id(whom)); }));
  }
  std::string handOver(size_t by, size_t whom) {
    return codeOf(home(by).circles<Result<bool>>([&](Circles& circles) { return circles.handOver(circle, id(whom)); }));
  }
  std::string rules(size_t by, const engine::CircleRules& wanted) {
    return codeOf(home(by).circles<Result<bool>>([&](Circles& circles) { return circles.setRules(circle, wanted); }));
  }
  std::vector<engine::CircleWish> wishes(size_t n) { return engine::wishesOf(home(n).store(), circle); }
  std::string answer(size_t by, bool yes) {
    auto all = wishes(by);
    if (all.size() != 1) return "wishes: " + std::to_string(all.size());
    return codeOf(home(by).circles<Status>([&](Circles& circles) { return circles.answer(circle, all[0].id, yes); }));
  }
  // Names of the members by the charter that a home has, its keeper first; empty when it is none.
  std::string members(size_t n) {
    const auto* found = home(n).core().circles().membership(circle);
    if (!found) return "";
    std::string names = home(homes.indexOf(found->charter()->keeper)).name();
    for (const auto& member : found->charter()->members) {
      if (member.home != found->charter()->keeper) names += member.name;
    }
    std::sort(names.begin() + 1, names.end());
    return names;
  }
  model::Address of(const std::string& entity) const { return {circle, entity}; }
  std::string put(size_t n, const std::string& entity, const std::string& json) { return codeOf(home(n).put(of(entity), json)); }
  std::string shown(size_t n, const std::string& entity) { return home(n).shown(of(entity)); }
  // Versions in batches that leave while `work` is done.
  size_t versionsSent(const std::function<void()>& work) {
    size_t sent = 0;
    homes.on_message = [&](size_t, size_t, const std::string& message) {
      if (typeOf(message) != MessageType::kBatch) return;
      auto batch = decodeBatch(message);
      for (const BatchItem& item : batch.ok() ? batch->items : std::vector<BatchItem>()) sent += item.versions.size();
    };
    work();
    homes.on_message = nullptr;
    return sent;
  }

  static std::string codeOf(const Status& status) { return status.ok() ? "ok" : status.error().code; }
  static std::string codeOf(const Result<bool>& done) { return !done.ok() ? done.error().code : *done ? "done" : "waits"; }
  static std::string codeOf(const Result<engine::Written>& written) { return written.ok() ? "ok" : written.error().code; }

  CircleHomes homes;
  OwnerId circle;
};

}  // namespace hearthgate::sync
