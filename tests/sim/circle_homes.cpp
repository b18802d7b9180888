#include "sim/circle_homes.h"

#include <deque>
#include <mutex>

#include "base/assert.h"

namespace hearthgate::sim {

namespace {
constexpr int kMaxDeliveries = 200'000;
}  // namespace

const trust::Identity& readyIdentity(size_t n) {
  static std::mutex mutex;
  static std::deque<trust::Identity> all;
  std::lock_guard lock(mutex);
  while (all.size() <= n) {
    SeededRandom random(all.size() + 1);
    all.push_back(trust::Identity::inMemory(random));
  }
  return all[n];
}

CircleHomes::CircleHomes(size_t count, uint64_t seed, Tampering* tampering) : random_(seed) {
  for (size_t i = 0; i < count; ++i) {
    homes_.push_back(std::make_unique<Home>(std::string(1, static_cast<char>('A' + i)), random_.next(), readyIdentity(i)));
    homes_[i]->setTampering(tampering);
  }
  network_ = std::make_unique<Network>(
      homes_,
      [this](size_t from, size_t to, const std::string& message) {
        if (on_message) on_message(from, to, message);
      },
      [](size_t, size_t, const std::string&, const std::function<void(bool)>& run) { run(false); });
  network_->setTampering(tampering);
  for (size_t a = 0; a < count; ++a) {
    homes_[a]->commit([&] {
      for (size_t b = 0; b < count; ++b) {
        if (b != a) homes_[a]->core().admit(homes_[b]->id());
      }
    });
  }
}

size_t CircleHomes::indexOf(const HomeId& id) const {
  for (size_t i = 0; i < homes_.size(); ++i) {
    if (homes_[i]->id() == id) return i;
  }
  return homes_.size();
}

void CircleHomes::linkAll() {
  for (size_t a = 0; a < size(); ++a) {
    for (size_t b = a + 1; b < size(); ++b) {
      if (!network_->isOpen(a, b)) link(a, b);
    }
  }
}

void CircleHomes::cutOff(size_t a) {
  for (size_t b = 0; b < size(); ++b) {
    if (b != a && network_->isOpen(a, b)) cut(a, b);
  }
}

bool CircleHomes::settle() {
  for (int i = 0; i < kMaxDeliveries; ++i) {
    if (!network_->advance(random_)) return true;
  }
  return false;
}

bool CircleHomes::pass(int64_t ms) {
  for (auto& home : homes_) {
    home->clock().wall_ms += ms;
    home->clock().steady_ms += ms;
  }
  for (auto& home : homes_) home->tick();
  return settle();
}

model::OwnerId CircleHomes::found(size_t keeper, const std::vector<size_t>& others) {
  auto id = home(keeper).circles<Result<model::OwnerId>>([](engine::Circles& circles) { return circles.found("family"); });
  HG_ASSERT(id.ok());
  for (size_t other : others) {
    if (!network_->isOpen(keeper, other)) link(keeper, other);
    HG_ASSERT(settle());
    Status invited = home(keeper).circles<Status>([&](engine::Circles& circles) { return circles.invite(*id, home(other).id(), home(other).name()); });
    HG_ASSERT(invited.ok());
    HG_ASSERT(settle());
    Status accepted = home(other).circles<Status>([&](engine::Circles& circles) { return circles.accept(*id); });
    HG_ASSERT(accepted.ok());
    HG_ASSERT(settle());
  }
  return *id;
}

}  // namespace hearthgate::sim
