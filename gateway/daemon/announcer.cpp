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
  {
    std::lock_guard kept_lock(kept_->mutex);
    kept_->told = {address, port, "", ""};
  }
  announcement_ = discovery_.announce({sync::kHomeService, "hearthgate-" + id8_, port, told_, address},
                                      [kept = kept_](const sdk::Outcome& outcome, const std::string& name) {
                                        std::lock_guard kept_lock(kept->mutex);
                                        kept->told.name = outcome.ok() ? name : "";
                                        kept->told.problem = outcome.message;
                                      });
}

Announcer::Told Announcer::told() const {
  std::lock_guard lock(kept_->mutex);
  return kept_->told;
}

void Announcer::refresh() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> now = txt();
  if (announcement_ == 0 || now == told_) return;
  told_ = now;
  discovery_.update(announcement_, std::move(now));
}

}  // namespace hearthgate::daemon
