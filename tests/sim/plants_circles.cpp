// Defects of circles: of what members say to each other, and of what they keep about their circle.
#include "engine/circle_limits.h"
#include "sim/home.h"
#include "sim/plants.h"
#include "sync/wire.h"

namespace hearthgate::sim {
namespace {

using engine::Circles;
using sync::MessageType;

class ChartersUntold : public Tampering {
  bool leaves(Home&, Home&, std::string* message) override { return sync::typeOf(*message) != MessageType::kCharter; }
};

// Changes what a hello says of a circle.
class CircleHello : public Tampering {
  bool leaves(Home& from, Home& to, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kCircleHello) return true;
    auto hello = sync::decodeCircleHello(*message);
    change(from, to, &*hello);
    *message = encodeCircleHello(*hello);
    return true;
  }
  virtual void change(Home& from, Home& to, sync::OwnerHello* hello) = 0;
};

// The marks of both are taken for equal, whatever the charters say.
class MarkIgnored : public CircleHello {
  void change(Home& from, Home& to, sync::OwnerHello* hello) override {
    auto cursor = from.store().cursor(to.id(), hello->owner);
    if (!cursor) return;
    hello->cursor = cursor;
    hello->cursor->sender_number = to.core().circles().markFor(hello->owner, to.id(), from.id());
    hello->cursor->receiver_number = hello->rules.number;
  }
};

class CopyOfCircleUnnoticed : public CircleHello {
  void started(Home& home, Start) override { takeForTold(home); }
  void change(Home&, Home&, sync::OwnerHello* hello) override {
    hello->seen.clear();
    hello->places.clear();
  }
};

// Changes batches of circles.
class CircleBatches : public Tampering {
  bool leaves(Home&, Home&, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kBatch) return true;
    auto batch = sync::decodeBatch(*message);
    if (!batch->owner.isCircle() || !change(&*batch)) return true;
    *message = encode(*batch);
    return true;
  }
  virtual bool change(sync::Batch* batch) = 0;
};

class PassNamesLess : public CircleBatches {
  bool change(sync::Batch* batch) override {
    if (!batch->digest || !batch->full || batch->items.empty()) return false;
    batch->items.pop_back();
    return true;
  }
};

class WantsNothing : public Tampering {
  bool leaves(Home&, Home&, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kAck) return true;
    auto ack = sync::decodeAck(*message);
    if (!ack->owner.isCircle() || ack->wants.empty()) return true;
    ack->wants.clear();
    *message = encode(*ack);
    return true;
  }
};

// Does something about each circle at the end of each transaction.
class AboutCircles : public Tampering {
  void after(Home& home) final {
    for (const store::CircleRow& row : home.store().circles()) look(home, row);
  }
  virtual void look(Home& home, const store::CircleRow& row) = 0;
};

class ReplacesNothing : public AboutCircles {
  void look(Home& home, const store::CircleRow& row) override {
    store::OwnerRow* own = home.core().writer().find(row.id) ? &home.core().writer().owner(row.id) : nullptr;
    if (!own || !own->replacing) return;
    own->replacing = false;
    home.core().writer().changed(*own);
  }
};

class RemovedUntold : public Tampering {
  void started(Home& home, Start) override {
    for (const store::CircleRow& row : home.store().circles()) {
      for (const auto& [gone, proof] : home.store().circleRemoved(row.id)) home.store().putCircleRemoved(row.id, gone, "");
    }
    home.core().load();
  }
};

class DoesNotCallBack : public Tampering {
  bool leaves(Home&, Home&, std::string* message) override {
    if (sync::typeOf(*message) != MessageType::kCircles) return true;
    auto circles = sync::decodeCircles(*message);
    std::erase_if(circles->invitations, [](const Circles::Invitation& one) { return one.until_ms == engine::kCalledBackMs; });
    *message = encode(*circles);
    return true;
  }
};

}  // namespace

std::vector<Plant> plantsOfCircles() {
  return {
      {"charters-untold", "shows no charter", makePlant<ChartersUntold>, {}, true},
      {"mark-ignored", "keeps the cursor of a circle when its charter gives other rights", makePlant<MarkIgnored>, {}, true},
      {"circle-copy-unnoticed", "does not find out that its folder was put back to before writes in a circle", makePlant<CopyOfCircleUnnoticed>, {}, true},
      {"circle-pass-names-less", "leaves one entity of a circle out of each pass", makePlant<PassNamesLess>, {}, true},
      {"wants-nothing", "acknowledges offers in a circle and wants nothing of them", makePlant<WantsNothing>, {}, true},
      {"replaces-nothing", "keeps in a circle what it may only read and others do not have", makePlant<ReplacesNothing>, {}, true},
      {"removed-untold", "forgets at a start whom it removed from a circle", makePlant<RemovedUntold>, {}, true},
      {"not-called-back", "does not tell a home that it is a member", makePlant<DoesNotCallBack>, {}, true},
  };
}

}  // namespace hearthgate::sim
