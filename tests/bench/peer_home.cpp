#include "bench/peer_home.h"

#include "base/clock.h"
#include "base/random.h"
#include "sync/tuning.h"

namespace hearthgate::bench {

using sync::MessageType;

PeerHome::PeerHome(int number)
    : identity_(trust::Identity::inMemory(systemRandom())),
      name_("home " + std::to_string(number)),
      epoch_(systemRandom().id<FeedEpoch>()) {}

void PeerHome::paired(const HomeId& gateway, std::string spki) {
  gateway_ = gateway;
  gateway_spki_ = std::move(spki);
}

std::string PeerHome::linkUp() {
  offers_ = passes_ = asked_ = 0;
  level_ = false;
  sync::Hello hello;
  hello.protocol_min = sync::kProtocolMin;
  hello.protocol_max = sync::kProtocolMax;
  hello.home = identity_.home();
  hello.name = name_;
  hello.incarnation = 1;
  hello.clock_ms = systemClock(ClockTrust::kYes).wallMs();
  hello.statements = trust::encodeChain(identity_.chain());
  sync::OwnerHello own;
  own.owner = model::OwnerId(identity_.home());
  own.epoch = epoch_;
  sync::OwnerHello theirs;
  theirs.owner = model::OwnerId(gateway_);
  theirs.epoch = epoch_;
  theirs.has_content = holds_something_;
  theirs.cursor = cursor_;
  theirs.rules = rules_;
  hello.owners = {std::move(own), std::move(theirs)};
  return sync::encode(hello);
}

// A reader has nothing to offer, and the owner's pass waits for it to say so.
std::string PeerHome::offer() {
  sync::Batch batch;
  batch.owner = model::OwnerId(gateway_);
  batch.number = ++offers_;
  batch.full = batch.begin = batch.end = true;
  batch.epoch = epoch_;
  batch.rules_number = rules_.number;
  return sync::encode(batch);
}

// Everything that this home has of its own: nothing.
std::string PeerHome::ownPass() {
  sync::Batch batch;
  batch.owner = model::OwnerId(identity_.home());
  batch.number = ++passes_;
  batch.full = batch.begin = batch.end = true;
  batch.epoch = epoch_;
  return sync::encode(batch);
}

std::string PeerHome::askLevel() {
  level_ = false;
  return sync::encodeAskLevel({++asked_, 0, 0});
}

// As a home does (replicator_hello.cpp, rulesChanged): rules that are news are said back, and both start over.
void PeerHome::takeRules(const model::Rules& rules, std::vector<std::string>* answers) {
  bool news = rules.number != rules_.number;
  rules_ = rules;
  if (!news) return;
  answers->push_back(sync::encode(sync::RulesMessage{model::OwnerId(gateway_), rules_}));
  answers->push_back(offer());
}

Status PeerHome::receiveHello(std::string_view message, std::vector<std::string>* answers) {
  HG_TRY(sync::Hello hello, sync::decodeHello(message));
  for (const sync::OwnerHello& owner : hello.owners) {
    if (owner.owner != model::OwnerId(gateway_)) continue;
    bool news = owner.rules.number != rules_.number;
    takeRules(owner.rules, answers);
    if (!news) answers->push_back(offer());
  }
  answers->push_back(askLevel());
  return {};
}

void PeerHome::receiveBatch(const sync::Batch& batch, const Seen& seen, std::vector<std::string>* answers) {
  sync::Ack ack;
  ack.owner = batch.owner;
  ack.number = batch.number;
  bool of_gateway = batch.owner == model::OwnerId(gateway_);
  for (uint32_t i = 0; i < batch.items.size(); ++i) {
    if (batch.digest) ack.wants.push_back(i);
    for (const std::string& version : batch.items[i].versions) seen(version);
    versions_ += batch.items[i].versions.size();
  }
  ++batches_;
  if (of_gateway && (!batch.full || batch.end)) {
    cursor_ = {batch.epoch, batch.upto, batch.rules_number, rules_.number, 0};
    holds_something_ = true;
  }
  answers->push_back(sync::encode(ack));
  if (!of_gateway && batch.end) answers->push_back(ownPass());
}

Status PeerHome::receive(std::string_view message, const Seen& seen, std::vector<std::string>* answers) {
  auto type = sync::typeOf(message);
  if (!type) return networkError("protocol", "A message of an unknown type came.");
  switch (*type) {
    case MessageType::kHello:
      return receiveHello(message, answers);
    case MessageType::kRules: {
      HG_TRY(sync::RulesMessage told, sync::decodeRulesMessage(message));
      if (told.owner == model::OwnerId(gateway_)) takeRules(told.rules, answers);
      return {};
    }
    case MessageType::kBatch: {
      HG_TRY(sync::Batch batch, sync::decodeBatch(message));
      receiveBatch(batch, seen, answers);
      return {};
    }
    case MessageType::kPosition: {
      HG_TRY(sync::Position position, sync::decodePosition(message));
      bool ours = position.owner == model::OwnerId(gateway_) && cursor_ && cursor_->epoch == position.epoch;
      if (ours && cursor_->sender_number == rules_.number)
        cursor_->sequence = std::max(cursor_->sequence, position.sequence);
      return {};
    }
    case MessageType::kLevel: {
      HG_TRY(sync::LevelMessage level, sync::decodeLevel(message));
      if (level.token == asked_) level_ = true;
      return {};
    }
    case MessageType::kAskLevel: {
      HG_TRY(sync::LevelMessage ask, sync::decodeLevel(message));
      answers->push_back(sync::encodeLevel({ask.token, 0, 0}));
      return {};
    }
    case MessageType::kBye: {
      HG_TRY(sync::Bye bye, sync::decodeBye(message));
      return networkError(bye.code, bye.text);
    }
    case MessageType::kReplica:
    case MessageType::kAck:
    case MessageType::kHeld:
    case MessageType::kKnownKeys:
    case MessageType::kStatements:
    case MessageType::kCircles:
    case MessageType::kCharter:
    case MessageType::kCircleHello:
      return {};
  }
  return {};
}

}  // namespace hearthgate::bench
