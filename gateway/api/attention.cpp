#include "api/attention.h"

#include "base/utf8.h"

namespace hearthgate::api {
namespace {

void addHomes(Gateway& gateway, store::Reader& reader, std::vector<Attention>* all) {
  for (const store::Peer& peer : reader.peers()) {
    if (peer.state == store::PeerState::kForgotten) continue;
    std::string name = displayName(peer.name);
    std::string id = peer.home.text();
    HomeState state = gateway.parts.homes.state(peer.home);
    if (state.state == "refused") {
      all->push_back({"home_refused", "The link to " + name + " is refused: " + state.refused_reason + ".", id});
    }
    if (uint64_t held = reader.heldCount(peer.home); held > 0) {
      all->push_back({"held",
                      std::to_string(held) + " versions from " + name +
                          " are kept and not shown yet; check that the clocks of both homes are right.",
                      id});
    }
    if (state.refused_there > 0) {
      all->push_back({"refused_there",
                      name + " did not accept " + std::to_string(state.refused_there) +
                          " versions; `conflict list --state refused` shows them.",
                      id});
    }
    auto rules = reader.rules(gateway.me(), peer.home);
    if (rules && rules->lists.size() > 1) {
      all->push_back({"rules_forgotten",
                      name + " knows other grants than this home, which has probably been restored: the lesser "
                             "access of both holds. Look at `grants` and set them again.",
                      id});
    }
  }
}

}  // namespace

std::vector<Attention> attentionOf(Gateway& gateway, store::Reader& reader) {
  std::vector<Attention> all;
  auto words = gateway.parts.identity.recoveryWords();
  if (words.ok() && *words) {
    all.push_back(
        {"recovery_words_unconfirmed",
         "The recovery words are still on this machine's card: write them down (`words`) and say so (`words confirm`).",
         ""});
  }
  if (!gateway.parts.clock.synchronised()) {
    all.push_back({"clock_not_synchronised",
                   "The clock of this machine is not known to be right, so its changes count as older where homes "
                   "meet; set up time "
                   "synchronisation, or clock.trust when the clock is right.",
                   ""});
  }
  auto own = reader.owner(gateway.me());
  if (own && own->hold) {
    all.push_back(
        {"restore_hold",
         "A backup was restored, and nothing is sent to other homes until a person has looked at homes and grants.",
         ""});
  }
  addHomes(gateway, reader, &all);
  if (uint64_t open = reader.openConflicts(); open > 0) {
    all.push_back({"conflicts_open", std::to_string(open) + " conflicts wait for a person: `conflict list`.", ""});
  }
  for (const PluginItem& plugin : gateway.parts.plugins.list()) {
    if (plugin.error.code.empty()) continue;
    all.push_back({"plugin_" + plugin.state,
                   "The plugin " + plugin.name + " is " + plugin.state + ": " + plugin.error.message, ""});
  }
  return all;
}

}  // namespace hearthgate::api
