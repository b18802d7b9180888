#include "sim/network.h"

#include <tuple>

#include "base/assert.h"

namespace hearthgate::sim {

Network::Network(std::vector<std::unique_ptr<Home>>& homes, Seen seen, Around around)
    : homes_(homes), seen_(std::move(seen)), around_(std::move(around)) {
  for (size_t i = 0; i < homes_.size(); ++i) {
    homes_[i]->onOutput([this, i](sync::Output output) { take(i, std::move(output)); });
  }
}

size_t Network::indexOf(const HomeId& id) const {
  for (size_t i = 0; i < homes_.size(); ++i) {
    if (homes_[i]->id() == id) return i;
  }
  HG_ASSERT(false);
}

void Network::take(size_t from, sync::Output output) {
  size_t to = indexOf(output.peer);
  Link& line = link(from, to);
  int side = from < to ? 0 : 1;
  if (output.message.empty()) {
    line.up[side] = false;
    line.live = false;
    line.to[side].clear();
    return;
  }
  if (tampering_ && !tampering_->leaves(*homes_[from], *homes_[to], &output.message)) return;
  // Whether it arrives or not, it has left.
  seen_(from, to, output.message);
  if (!line.live || !line.up[side] || line.late[side]) return;
  if (shuffler_) shuffler_->pass(from, to, &output.message);
  line.to[1 - side].push_back(std::move(output.message));
}

void Network::open(size_t a, size_t b, bool late) {
  Link& line = link(a, b);
  int side = a < b ? 0 : 1;
  line.to[0].clear();
  line.to[1].clear();
  line.live = true;
  line.late[0] = line.late[1] = false;
  line.up[side] = true;
  line.up[1 - side] = true;
  line.late[1 - side] = late;
  homes_[a]->linkUp(homes_[b]->id());
  if (!late) homes_[b]->linkUp(homes_[a]->id());
}

void Network::cut(size_t a, size_t b, bool unnoticed, SeededRandom& random) {
  Link& line = link(a, b);
  int side = a < b ? 0 : 1;
  line.live = false;
  line.to[side].clear();
  bool was_up = line.up[side];
  line.up[side] = false;
  if (was_up) homes_[a]->linkDown(homes_[b]->id());
  auto& rest = line.to[1 - side];
  if (unnoticed) {
    rest.resize(random.below(rest.size() + 1));
    return;
  }
  rest.clear();
  if (line.up[1 - side]) homes_[b]->linkDown(homes_[a]->id());
  line.up[1 - side] = false;
}

void Network::crashed(size_t home, SeededRandom& random) {
  for (size_t other = 0; other < homes_.size(); ++other) {
    if (other == home) continue;
    Link& line = link(home, other);
    int side = home < other ? 0 : 1;
    line.live = false;
    line.up[side] = false;
    line.to[side].clear();
    auto& rest = line.to[1 - side];
    rest.resize(random.below(rest.size() + 1));
  }
}

void Network::deliverAll() {
  std::vector<std::tuple<size_t, size_t, std::deque<std::string>>> flying;
  for (auto& [pair, line] : links_) {
    if (!line.up[0] || !line.up[1] || line.late[0] || line.late[1]) continue;
    flying.emplace_back(pair.second, pair.first, std::exchange(line.to[0], {}));
    flying.emplace_back(pair.first, pair.second, std::exchange(line.to[1], {}));
  }
  for (auto& [from, to, messages] : flying) {
    for (const std::string& message : messages) {
      Home& home = *homes_[to];
      const HomeId& peer = homes_[from]->id();
      around_(from, to, message, [&](bool fails) { home.commit([&] { home.replicator().receive(peer, message); }, fails); });
    }
  }
}

bool Network::isOpen(size_t a, size_t b) const {
  auto at = links_.find({std::min(a, b), std::max(a, b)});
  return at != links_.end() && at->second.live;
}

bool Network::isQuiet(size_t a, size_t b) const {
  auto at = links_.find({std::min(a, b), std::max(a, b)});
  if (at == links_.end()) return false;
  const Link& link = at->second;
  return link.live && link.up[0] && link.up[1] && link.to[0].empty() && link.to[1].empty();
}

bool Network::advance(SeededRandom& random) {
  std::vector<std::pair<size_t, size_t>> ready;  // from, to
  for (auto& [pair, line] : links_) {
    for (int side : {0, 1}) {
      bool dead = !line.live && line.up[side];
      if (!line.up[side]) line.to[side].clear();
      if (line.to[side].empty() && !dead) continue;
      side == 0 ? ready.emplace_back(pair.second, pair.first) : ready.emplace_back(pair.first, pair.second);
    }
  }
  if (ready.empty()) return false;
  size_t from = 0;
  size_t to = 0;
  std::tie(from, to) = ready[random.below(ready.size())];
  Link& line = link(from, to);
  int side = to < from ? 0 : 1;
  if (line.to[side].empty()) {
    line.up[side] = false;
    line.late[side] = false;
    homes_[to]->linkDown(homes_[from]->id());
    return true;
  }
  if (line.late[side]) {
    line.late[side] = false;
    homes_[to]->linkUp(homes_[from]->id());
  }
  std::string message = std::move(line.to[side].front());
  line.to[side].pop_front();
  around_(from, to, message, [&](bool fails) {
    homes_[to]->commit([&] { homes_[to]->replicator().receive(homes_[from]->id(), message); }, fails);
  });
  return true;
}

}  // namespace hearthgate::sim
