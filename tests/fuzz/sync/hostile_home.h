// What a paired home says when it lies: messages of every type whose fields are real ones, edges and random bytes, made
// from what it may know: its own database and what it was sent. Steered by a fuzzer's input; one thread.
#pragma once

#include <string>
#include <vector>

#include "fuzz/input.h"
#include "sim/home.h"
#include "sync/wire.h"

namespace hearthgate::fuzz {

// Ids that homes of the fuzzer use. The first ones are shared and written, the last is never shared.
inline constexpr const char* kIds[] = {"light.a", "light.b", "sensor.t", "lock.door", "new.one", "new.two"};
inline constexpr const char* kKinds[] = {"state", "configs", "poi.target", "x"};

class HostileHome {
 public:
  // `self` is its honest part, `victim` whom it attacks, `third` a home that both know of.
  HostileHome(sim::Home& self, const HomeId& victim, const HomeId& third)
      : self_(self), victim_(victim), third_(third) {}

  // Circles of which it speaks too, as if they were owners.
  void speakOf(std::vector<model::OwnerId> circles) { circles_ = std::move(circles); }
  // A message that came from the victim: numbers and ids in it are known from now on.
  void heard(const std::string& message);
  // A whole message made by hand.
  std::string forge(Input& input);
  // An honest message changed in some of its fields or bytes.
  std::string changed(const std::string& message, Input& input);

 private:
  struct LinkNumbers;

  uint64_t number(Input& input);
  int64_t clockMs(Input& input);
  int64_t stampMs(Input& input);
  model::OwnerId owner(Input& input);
  HomeId home(Input& input);
  ReplicaId replica(Input& input);
  FeedEpoch epoch(Input& input);
  std::string id(Input& input);
  std::string kind(Input& input);
  std::string text(Input& input);
  ContentHash hash(Input& input);
  model::Rules rules(Input& input);
  model::Version version(const model::Address& address, Input& input);
  void changeVersion(model::Version* version, Input& input);

  sync::OwnerHello ownerHello(Input& input);
  sync::Hello hello(Input& input);
  sync::Batch batch(Input& input);
  sync::Ack ack(Input& input);
  std::vector<sync::HeldMessage::Row> heldRows(Input& input);

  void change(sync::Hello* hello, Input& input);
  void change(sync::Batch* batch, Input& input);
  void change(sync::Ack* ack, Input& input);

  sim::Home& self_;
  HomeId victim_;
  HomeId third_;
  std::vector<uint64_t> numbers_;  // of batches, feeds and rules that the victim told
  std::vector<FeedEpoch> epochs_;
  std::vector<ReplicaId> replicas_;  // that the victim told
  std::vector<ContentHash> hashes_;
  uint64_t batches_ = 0;
  std::vector<model::OwnerId> circles_;
};

}  // namespace hearthgate::fuzz
