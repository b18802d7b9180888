// Defects of what homes say to each other.
#include <map>
#include <set>

#include "model/codec.h"
#include "sim/home.h"
#include "sim/plants.h"
#include "sync/wire.h"

namespace hearthgate::sim {

void takeForTold(Home& home) {
  for (const store::OwnerRow& owner : home.store().owners()) {
    const store::OwnerRow* row = home.core().writer().find(owner.id);
    if (row && row->replica) home.core().writer().raiseTold(owner.id, *row->replica, row->counter + 1'000);
  }
}

namespace {

using sync::MessageType;

// A defect that shows on some messages only, and no more once everything heals.
class NowAndThen : public Tampering {
 public:
  explicit NowAndThen(uint64_t seed) : random_(seed + 4711) {}
  void healing() override { healing_ = true; }

 protected:
  bool strikes(unsigned percent) { return !healing_ && random_.chance(percent); }

 private:
  SeededRandom random_;
  bool healing_ = false;
};

class NoTags : public Tampering {
  bool leaves(Home&, Home&, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kAck) return true;
    auto ack = sync::decodeAck(*message);
    ack->tags.clear();
    *message = encode(*ack);
    return true;
  }
};

class SilentAck : public Tampering {
  bool leaves(Home&, Home&, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kAck) return true;
    auto ack = sync::decodeAck(*message);
    ack->exceptions.clear();
    *message = encode(*ack);
    return true;
  }
};

class ReplicaUntold : public Tampering {
  bool leaves(Home&, Home&, std::string* message) override { return sync::typeOf(*message) != MessageType::kReplica; }
};

// Changes what a hello says of each owner.
class Hello : public Tampering {
  bool leaves(Home& from, Home& to, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kHello) return true;
    auto hello = sync::decodeHello(*message);
    for (sync::OwnerHello& owner : hello->owners) change(from, to, &owner);
    *message = encode(*hello);
    return true;
  }
  virtual void change(Home& from, Home& to, sync::OwnerHello* hello) = 0;
};

// Neither side finds out that one was copied back: hello says nothing of it, and counters in versions are taken for
// told.
class CopyUnnoticed : public Hello {
  void started(Home& home, Start) override { takeForTold(home); }
  void change(Home&, Home&, sync::OwnerHello* hello) override {
    hello->seen.clear();
    hello->places.clear();
  }
};

// The same after a power cut or a restore that the home knows of.
class KeepsReplica : public CopyUnnoticed {
  bool starts(Home& home, Start how) override {
    if (how == Start::kClean) return false;
    home.core().started(false);
    store::OwnerRow& own = home.core().writer().owner(home.owner());
    own.hold = own.hold || how == Start::kRestored;
    home.core().writer().changed(own);
    return true;
  }
};

class EqualNumberTrusted : public Hello {
  void change(Home& from, Home& to, sync::OwnerHello* hello) override {
    const model::Rules* there = to.owner() == hello->owner ? to.core().rulesFor(from.id()) : nullptr;
    if (there && there->number == hello->rules.number) hello->rules = *there;
  }
};

class CursorKept : public Hello {
  void change(Home& from, Home& to, sync::OwnerHello* hello) override {
    auto cursor = from.store().cursor(to.id(), hello->owner);
    if (!cursor || !hello->cursor) return;
    // As if it were (epoch, sequence) alone.
    const model::Rules* rules =
        to.owner() == hello->owner ? to.core().rulesFor(from.id()) : to.core().rulesFrom(hello->owner);
    hello->cursor->sender_number = rules ? rules->number : 0;
    hello->cursor->receiver_number = hello->rules.number;
  }
};

// Changes some batches.
class Batches : public NowAndThen {
 public:
  using NowAndThen::NowAndThen;

 protected:
  bool leaves(Home& from, Home& to, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kBatch) return true;
    auto batch = sync::decodeBatch(*message);
    if (!change(from, to, &*batch)) return true;
    *message = encode(*batch);
    return true;
  }
  virtual bool change(Home& from, Home& to, sync::Batch* batch) = 0;
};

class CursorWithoutContent : public Batches {
  using Batches::Batches;
  bool change(Home&, Home&, sync::Batch* batch) override {
    if (batch->digest || batch->items.empty() || !strikes(5)) return false;
    batch->items.clear();
    return true;
  }
};

class HalfAPassCounts : public Batches {
  using Batches::Batches;
  bool change(Home& from, Home&, sync::Batch* batch) override {
    if (!batch->full || batch->end || !strikes(30)) return false;
    batch->end = true;
    batch->upto = from.core().writer().head().sequence;
    return true;
  }
};

class PassNamesNothingMore : public Batches {
  using Batches::Batches;
  bool change(Home&, Home& to, sync::Batch* batch) override {
    if (!batch->digest || batch->items.size() < 2 || batch->owner == to.owner()) return false;
    batch->items.pop_back();
    return true;
  }
};

// What is held back comes last in an offer, in an item of its own.
class HeldNotOffered : public Batches {
  using Batches::Batches;
  bool change(Home& from, Home& to, sync::Batch* batch) override {
    if (!(batch->owner == to.owner()) || batch->digest) return false;
    std::set<std::pair<std::string, std::string>> held;
    for (const store::HeldRow& row : from.store().held(to.id(), 1000)) held.insert({row.address.id, row.version});
    size_t before = batch->items.size();
    while (!batch->items.empty() && batch->items.back().versions.size() == 1 &&
           held.contains({batch->items.back().id, batch->items.back().versions[0]})) {
      batch->items.pop_back();
    }
    return batch->items.size() != before;
  }
};

class BaseNotSent : public Batches {
  using Batches::Batches;
  bool change(Home& from, Home& to, sync::Batch* batch) override {
    if (!(batch->owner == to.owner()) || batch->digest) return false;
    bool any = false;
    for (sync::BatchItem& item : batch->items) {
      auto row = from.store().entity(model::Address{batch->owner, item.id});
      size_t base = row ? from.store().base(row->n).size() : 0;
      if (base == 0 || item.versions.size() <= base) continue;
      // The places of what follows stay as they are.
      for (size_t i = 0; i < base; ++i) item.versions[i] = item.versions[base];
      any = true;
    }
    return any;
  }
};

class NamesWhatMayNotBeSeen : public Batches {
  using Batches::Batches;
  bool change(Home& from, Home& to, sync::Batch* batch) override {
    if (!(batch->owner == from.owner()) || !batch->digest) return false;
    size_t before = batch->items.size();
    for (const store::FeedRow& row : from.store().feedPart(batch->owner, 0, 100).rows) {
      bool may = from.core().accessFor(to.id(), row.id) != model::Access::kNone;
      if (!may) batch->items.push_back({row.id, "", {}, sync::digestOf({})});
    }
    return batch->items.size() != before;
  }
};

class SentTwice : public NowAndThen {
  using NowAndThen::NowAndThen;
  bool leaves(Home& from, Home& to, std::string* message) override {
    auto type = sync::typeOf(*message);
    bool before = last_.contains({from.id(), to.id()});
    std::string old = before ? last_[{from.id(), to.id()}] : std::string();
    if (type == MessageType::kHello) last_.erase({from.id(), to.id()});
    if (type != MessageType::kBatch) return true;
    // The content of the batch before, under this one's number: as if a retry had mixed them up.
    last_[{from.id(), to.id()}] = *message;
    if (!before || !strikes(10)) return true;
    auto now = sync::decodeBatch(*message);
    auto then = sync::decodeBatch(old);
    if (now->digest || then->digest || !(now->owner == then->owner)) return true;
    now->items = then->items;
    *message = encode(*now);
    return true;
  }
  std::map<std::pair<HomeId, HomeId>, std::string> last_;
};

class Early : public Tampering {
  bool leavesWithoutCommit(const std::string& message) override { return !message.empty(); }
};

class AckEarly : public Tampering {
  bool leavesWithoutCommit(const std::string& message) override { return sync::typeOf(message) == MessageType::kAck; }
};

// What came and was known already is taken for a change, and told again.
class Echo : public Tampering {
  bool leaves(Home&, Home& to, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kBatch) return true;
    auto batch = sync::decodeBatch(*message);
    for (const sync::BatchItem& item : batch->items) {
      if (!batch->digest) came_[to.id()].insert({batch->owner, item.id});
    }
    return true;
  }
  void after(Home& home) override {
    for (const model::Address& address : std::exchange(came_[home.id()], {})) {
      auto row = home.store().entity(address);
      if (!row || row->siblings.empty()) continue;
      row->sequence = home.core().writer().nextSequence();
      home.store().putEntity(&*row);
    }
  }
  std::map<HomeId, std::set<model::Address>> came_;
};

}  // namespace

std::vector<Plant> plantsInMessages() {
  return {
      {"no-tags", "acknowledges without the owner's tag", makePlant<NoTags>},
      {"silent-ack", "does not say what it holds back or refuses", makePlant<SilentAck>},
      {"replica-untold", "tells a new replica id in the next hello only", makePlant<ReplicaUntold>},
      {"copy-unnoticed", "does not find out that it was copied back", makePlant<CopyUnnoticed>},
      {"keeps-replica", "keeps its replica id when it may have forgotten, and does not find it out",
       makePlant<KeepsReplica>},
      {"equal-number", "takes rules of an equal number for the same rules", makePlant<EqualNumberTrusted>},
      {"cursor-without-rules", "keeps a cursor when the rules' numbers differ", makePlant<CursorKept>},
      {"cursor-without-content", "moves the cursor over versions that it lost", makePlant<CursorWithoutContent>},
      {"half-a-pass", "counts a pass before its end", makePlant<HalfAPassCounts>},
      {"pass-names-less", "leaves one entity out of each pass", makePlant<PassNamesNothingMore>},
      {"held-not-offered", "offers what bears the owner's tag but not what it holds back", makePlant<HeldNotOffered>},
      {"base-not-sent", "offers a write without what it was built on", makePlant<BaseNotSent>},
      {"names-the-unseen", "names in digests what the other may not see", makePlant<NamesWhatMayNotBeSeen>},
      {"batch-mixed-up", "sends the content of the batch before under a new number", makePlant<SentTwice>},
      {"leaves-before-commit", "sends before its commit, which fails", makePlant<Early>},
      {"ack-before-commit", "acknowledges before its commit, which fails", makePlant<AckEarly>},
      {"echo", "takes what it knew already for a change", makePlant<Echo>},
  };
}

}  // namespace hearthgate::sim
