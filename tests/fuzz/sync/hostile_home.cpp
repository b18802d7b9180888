#include "fuzz/sync/hostile_home.h"

#include <algorithm>

#include "model/codec.h"
#include "model/limits.h"

namespace hearthgate::fuzz {

using namespace sync;

namespace {

constexpr size_t kRemembered = 64;  // of each sort: more would not be reached by a choice of one byte

constexpr uint64_t kEdges[] = {0,
                               1,
                               2,
                               3,
                               15,
                               64,
                               127,
                               128,
                               255,
                               1000,
                               4096,
                               10'000,
                               1ull << 20,
                               1ull << 31,
                               UINT32_MAX,
                               (1ull << 32) + 1,
                               model::kMaxCounter - 1,
                               model::kMaxCounter,
                               INT64_MAX - 1,
                               INT64_MAX,
                               1ull << 63,
                               UINT64_MAX - 1,
                               UINT64_MAX};

const char* const kFields[] = {"{}",
                               R"({"state":"on"})",
                               R"({"state":"off"})",
                               R"({"a":{"b":1,"c":2},"state":"on"})",
                               R"({"a":[1,2,3],"b":null,"c":"x"})",
                               R"({"state":"on","x":18446744073709551615})",
                               R"({"a":{},"b":[]})",
                               R"({ "state":"on"})",
                               R"({"b":1,"a":2})",
                               R"([1])",
                               ""};

template <typename T>
void remember(const T& value, std::vector<T>* all) {
  if (all->size() < kRemembered && std::find(all->begin(), all->end(), value) == all->end()) all->push_back(value);
}

}  // namespace

void HostileHome::heard(const std::string& message) {
  if (auto told = decodeHello(message); typeOf(message) == MessageType::kHello && told.ok()) {
    for (const OwnerHello& owner : told->owners) {
      remember(owner.epoch, &epochs_);
      remember(owner.sequence, &numbers_);
      remember(owner.rules.number, &numbers_);
      for (const ReplicaId& replica : owner.replicas) remember(replica, &replicas_);
      for (const auto& [replica, counter] : owner.seen) remember(counter, &numbers_);
    }
  } else if (auto batch = decodeBatch(message); typeOf(message) == MessageType::kBatch && batch.ok()) {
    remember(batch->number, &numbers_);
    remember(batch->upto, &numbers_);
    for (const auto& [number, replica] : batch->replicas) remember(replica, &replicas_);
  } else if (auto rules = decodeRulesMessage(message); typeOf(message) == MessageType::kRules && rules.ok()) {
    remember(rules->rules.number, &numbers_);
  } else if (auto replica = decodeReplicaMessage(message); typeOf(message) == MessageType::kReplica && replica.ok()) {
    remember(replica->replica, &replicas_);
  }
}

uint64_t HostileHome::number(Input& input) {
  uint8_t how = input.byte();
  if (how < 64) return how;
  if (how < 128) return input.oneOf(kEdges);
  if (how < 224 && !numbers_.empty()) return numbers_[how % numbers_.size()] + input.below(5) - 2;
  return input.word();
}

int64_t HostileHome::clockMs(Input& input) {
  int64_t now = self_.clock().wallMs();
  switch (input.below(6)) {
    case 0:
      return now;
    case 1:
      return now - static_cast<int64_t>(input.byte()) * 1000;
    case 2:
      return now + static_cast<int64_t>(input.byte()) * 1000;
    case 3:
      return static_cast<int64_t>(input.oneOf(kEdges));
    case 4:
      return -static_cast<int64_t>(input.byte());
    default:
      return static_cast<int64_t>(input.word());
  }
}

// Beyond what a version may say, but such that its encoder can still write the difference of two.
int64_t HostileHome::stampMs(Input& input) {
  return std::clamp<int64_t>(clockMs(input), -2 * model::kMaxStampMs, 2 * model::kMaxStampMs);
}

HomeId HostileHome::home(Input& input) {
  HomeId unknown;
  switch (input.below(4)) {
    case 0:
      return self_.id();
    case 1:
      return victim_;
    case 2:
      return third_;
    default:
      unknown.bytes.fill(input.byte());
      return unknown;
  }
}

model::OwnerId HostileHome::owner(Input& input) {
  if (!circles_.empty() && input.below(4) != 0) return circles_[input.below(circles_.size())];
  size_t which = input.below(8);
  if (which < 4) return model::OwnerId(victim_);
  if (which < 7) return model::OwnerId(self_.id());
  if (input.flag()) return model::OwnerId(home(input));
  return *model::OwnerId::fromBytes(std::string(16, static_cast<char>(input.byte())));
}

ReplicaId HostileHome::replica(Input& input) {
  uint8_t which = input.byte();
  auto own = [&](const model::OwnerId& of) {
    const store::OwnerRow* row = self_.core().writer().find(of);
    return row && row->replica ? *row->replica : ReplicaId{};
  };
  if (which < 96) return own(model::OwnerId(victim_));
  if (which < 128) return own(self_.owner());
  if (which < 224 && !replicas_.empty()) return replicas_[which % replicas_.size()];
  ReplicaId made;
  made.bytes.fill(which);
  return made;
}

FeedEpoch HostileHome::epoch(Input& input) {
  uint8_t which = input.byte();
  const store::OwnerRow* row = self_.core().writer().find(which & 1 ? self_.owner() : model::OwnerId(victim_));
  if (which < 128 && row) return row->epoch;
  if (which < 240 && !epochs_.empty()) return epochs_[which % epochs_.size()];
  FeedEpoch made;
  made.bytes.fill(which);
  return made;
}

std::string HostileHome::id(Input& input) {
  size_t which = input.below(16);
  if (which < 15) return kIds[which % std::size(kIds)];
  return std::string(input.bytes());
}

std::string HostileHome::kind(Input& input) {
  size_t which = input.below(16);
  if (which < 15) return kKinds[which % 3 == 0 ? 0 : which % std::size(kKinds)];
  return std::string(input.bytes());
}

std::string HostileHome::text(Input& input) {
  switch (input.below(5)) {
    case 0:
      return "drift";
    case 1:
      return "unseen history";
    case 2:
      return "forgotten";
    case 3:
      return std::string(size_t{1} << input.below(14), input.flag() ? 'a' : '\xC3');
    default:
      return std::string(input.bytes());
  }
}

ContentHash HostileHome::hash(Input& input) {
  uint8_t which = input.byte();
  if (which < 192 && !hashes_.empty()) return hashes_[which % hashes_.size()];
  ContentHash made;
  made.bytes.fill(which);
  return made;
}

model::Rules HostileHome::rules(Input& input) {
  static const char* const kPatterns[] = {"*.*", "light.*", "light.a", "sensor.?", "lock.door", "*", "new.one", "s*.*"};
  static const char* const kStrategies[] = {"latest-wins", "merge", "user-choice", "local-wins", "x", ""};
  model::Rules rules;
  rules.number = number(input);
  for (size_t lists = input.below(4); lists > 0; --lists) {
    model::AccessRows rows;
    for (size_t i = input.below(4); i > 0; --i) {
      model::AccessRow row{input.oneOf(kPatterns), static_cast<model::Access>(input.below(3)), {}};
      if (input.flag()) row.until_ms = clockMs(input);
      rows.push_back(std::move(row));
    }
    rules.lists.push_back(std::move(rows));
  }
  for (size_t i = input.below(3); i > 0; --i) {
    auto scope = static_cast<model::StrategyRow::Scope>(input.below(5));
    std::string pattern = scope < model::StrategyRow::Scope::kKind ? id(input) : std::string(input.oneOf(kKinds));
    rules.strategies.push_back({scope, pattern, input.oneOf(kStrategies)});
  }
  return rules;
}

void HostileHome::changeVersion(model::Version* version, Input& input) {
  switch (input.below(12)) {
    case 0:
      version->author = home(input);
      break;
    case 1:
      version->dot.replica = replica(input);
      break;
    case 2:
      version->dot.counter = number(input);
      break;
    case 3:
      version->stamp = {input.flag(), stampMs(input), static_cast<uint32_t>(number(input))};
      break;
    case 4:
      version->vector.raise(replica(input), number(input));
      break;
    case 5:
      version->vector = {};
      break;
    case 6:
      version->fields = input.oneOf(kFields);
      break;
    case 7:
      version->fields = std::string(input.bytes());
      break;
    case 8:
      version->deleted = !version->deleted;
      break;
    case 9:
      version->reason = static_cast<model::Reason>(input.below(8));
      break;
    case 10: {
      model::Dot dot{replica(input), number(input)};
      version->leaf_dots.push_back({static_cast<uint32_t>(input.below(6)), dot});
      version->dot_stamps.push_back({dot, {input.flag(), stampMs(input), input.byte()}});
      break;
    }
    default: {
      version->tag.emplace();
      version->tag->fill(input.byte());
    }
  }
}

// On top of what it has, as its honest part would write it, then changed.
model::Version HostileHome::version(const model::Address& address, Input& input) {
  model::Siblings siblings = self_.siblings(address);
  if (!siblings.empty() && input.below(4) == 0) {
    model::Version old = siblings[input.byte() % siblings.size()];
    remember(old.hash, &hashes_);
    for (size_t edits = input.below(4); edits > 0; --edits) changeVersion(&old, input);
    return old;
  }
  model::Version version;
  version.author = self_.id();
  const store::OwnerRow* writer = self_.core().writer().find(address.owner);
  if (writer && writer->replica) version.dot = {*writer->replica, writer->counter + 1 + input.below(3)};
  version.stamp = {true, self_.clock().wallMs(), 0};
  version.vector = model::joinedVector(siblings);
  version.fields = input.oneOf(kFields);
  for (size_t edits = input.below(4); edits > 0; --edits) changeVersion(&version, input);
  if (version.dot.counter > 0) version.vector.raise(version.dot.replica, version.dot.counter);
  return version;
}

}  // namespace hearthgate::fuzz
