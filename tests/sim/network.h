// The links of the simulated world: ordered streams that may be cut at any moment. What was in flight is then lost, or
// still arrives at the side that has not noticed yet; a side may go on talking into a link that is dead, and a new link
// may stand before the old one was noticed to be gone. One thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/home.h"
#include "sim/shuffler.h"

namespace hearthgate::sim {

class Network {
 public:
  using Seen = std::function<void(size_t from, size_t to, const std::string& message)>;
  using Around = std::function<void(size_t from, size_t at, const std::string& message, const std::function<void(bool fails)>& run)>;

  Network(std::vector<std::unique_ptr<Home>>& homes, Seen seen, Around around);

  // A planted defect, or null.
  void setTampering(Tampering* tampering) { tampering_ = tampering; }
  // Entities of a batch then come in an order drawn from `seed`: the protocol promises none.
  void shuffle(uint64_t seed) { shuffler_.emplace(seed); }

  // A new link. With `late`, the second side learns of it by the first message.
  void open(size_t a, size_t b, bool late);
  // Dead at once for `a`; the other side notices at once or with `unnoticed` later, after a part of what was in flight.
  void cut(size_t a, size_t b, bool unnoticed, SeededRandom& random);
  // The process of `home` is gone.
  void crashed(size_t home, SeededRandom& random);
  // Delivers one message, or lets one side notice that its link is dead; false when there was nothing to do.
  bool advance(SeededRandom& random);
  // Delivers what is on its way now on links that both sides know, and nothing that is sent meanwhile.
  void deliverAll();
  bool isOpen(size_t a, size_t b) const;
  // Open, known to both sides, and nothing is on its way.
  bool isQuiet(size_t a, size_t b) const;
  size_t count() const { return homes_.size(); }

 private:
  struct Link {
    bool live = false;
    bool up[2] = {false, false};
    bool late[2] = {false, false};
    std::deque<std::string> to[2];
  };
  Link& link(size_t a, size_t b) { return links_[{std::min(a, b), std::max(a, b)}]; }
  size_t indexOf(const HomeId& id) const;
  void take(size_t from, sync::Output output);

  std::vector<std::unique_ptr<Home>>& homes_;
  Seen seen_;
  Around around_;
  Tampering* tampering_ = nullptr;
  std::optional<Shuffler> shuffler_;
  std::map<std::pair<size_t, size_t>, Link> links_;
};

}  // namespace hearthgate::sim
