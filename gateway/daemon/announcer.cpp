#include "daemon/announcer.h"

namespace hearthgate::daemon {

Announcer::Announcer(plugin_host::Discovery& discovery, sync::LinkHub& hub, const HomeId& home, std::string name,
                     bool always_named)
    : discovery_(discovery), hub_(hub), id8_(home.text().substr(0, kAnnouncedIdSymbols)), name_(std::move(name)), always_named_(always_named) {}

std::vector<std::string> Announcer::txt() const {
  const bool open = hub_.codeOpen();
  std::vector<std::string> texts{"v=1", "id=" + id8_, open ? "pair=1" : "pair=0"};
  if (open || always_named_) texts.push_back("name=" + name_);
  return texts;
}

void Announcer::listensAt(const std::string& address, uint16_t port) {
  std::lock_guard lock(mutex_);
  if (announcement_ != 0) discovery_.end(announcement_);
  told_ = txt();
  announcement_ = discovery_.announce({kHomeService, "hearthgate-" + id8_, port, told_, address},
                                      [](const sdk::Outcome&, const std::string&) {});
}

void Announcer::refresh() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> now = txt();
  if (announcement_ == 0 || now == told_) return;
  told_ = now;
  discovery_.update(announcement_, std::move(now));
}

}  // namespace hearthgate::daemon
