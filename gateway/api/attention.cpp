#include "api/attention.h"

#include <algorithm>

#include "api/tuning.h"
#include "base/counted.h"
#include "base/utf8.h"
#include "sync/key_report.h"
#include "sync/reach.h"

namespace hearthgate::api {
namespace {

// What a link that was refused means, and what a person can do.
std::string refusedLink(const std::string& name, const std::string& reason) {
  const sync::Refusal refusal = sync::refusal(name, reason);
  return refusal.detail + (refusal.next_action.empty() ? "" : " ") + refusal.next_action;
}

// Why the oldest held version of a home waits (sync/ingress.h), and what a person can do.
std::string heldBecause(store::Reader& reader, const HomeId& home, const std::string& name) {
  std::vector<store::HeldRow> rows = reader.heldNames(home, 1);
  std::string reason = rows.empty() ? "" : rows.front().reason;
  if (reason == "drift") return "its stamps are ahead of this clock; check that the clocks of both homes are right.";
  if (reason == "quota") {
    return "they are more than this home keeps of one owner; raise sharing.sync.peer_entities or peer_bytes, or have less "
           "shared with it.";
  }
  if (reason == "restored") return "the data folder was put back; look at homes and grants, then `home confirm`.";
  if (reason == "many siblings") {
    return "more was written to an entity at the same time than one holds (1,024 versions, 8 MiB); write it, or resolve its "
           "conflict.";
  }
  if (reason == "unseen history") {
    return "they build on changes that this home never saw, which no honest home's do; look at " + name +
           ", and `home forget` it if you do not trust it.";
  }
  if (reason == "unknown format") return "they are of a form that this version does not know; update this gateway.";
  return "the reason is '" + reason + "'; look at " + name + ", and `home forget` it if you do not trust it.";
}

void addLongVectors(Gateway& gateway, store::Reader& reader, std::vector<Attention>* all) {
  std::set<model::Address> found = gateway.long_vectors.look(reader);
  if (found.empty()) return;
  std::string names;
  size_t named = 0;
  for (const model::Address& address : found) {
    if (named++ == kNamedInAttention) break;
    names += (names.empty() ? "" : ", ") + (address.owner == gateway.me() ? address.id : address.text());
  }
  if (found.size() > kNamedInAttention) names += " and " + std::to_string(found.size() - kNamedInAttention) + " more";
  all->push_back({"vector_long",
                  names + (found.size() == 1 ? " was" : " were") +
                      " written under more than 768 replica ids, and at 1,024 takes no further ones: delete what is "
                      "concerned and make it anew under another id.",
                  ""});
}

void addHomes(Gateway& gateway, store::Reader& reader, std::vector<Attention>* all) {
  for (const store::Peer& peer : reader.peers()) {
    if (peer.state == store::PeerState::kForgotten) continue;
    std::string name = displayName(peer.name);
    std::string id = peer.home.text();
    HomeState state = gateway.parts.homes.state(peer.home);
    if (state.state == "refused") {
      all->push_back({"home_refused", refusedLink(name, state.refused_reason), id});
    }
    if (uint64_t held = reader.heldCount(peer.home); held > 0) {
      all->push_back({"held",
                      counted(held, "version") + " from " + name + (held == 1 ? " is" : " are") +
                          " kept and not shown yet: " + heldBecause(reader, peer.home, name),
                      id});
    }
    if (uint64_t refused_there = reader.peerExceptionCount(peer.home, false); refused_there > 0) {
      all->push_back({"refused_there",
                      name + " did not accept " + counted(refused_there, "version") +
                          "; `conflict list --state refused` shows what was refused.",
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

// What people of circles are asked.
void addCircles(Gateway& gateway, store::Reader& reader, std::vector<Attention>* all) {
  for (const store::CircleRow& row : reader.circles()) {
    std::string name = displayName(row.name);
    if (row.state == store::CircleState::kInvited) {
      auto inviter = row.inviter ? reader.peer(*row.inviter) : std::nullopt;
      std::string by = inviter ? displayName(inviter->name) : "Another home";
      all->push_back({"circle_invitation", by + " asks this home to join " + name + ": `circle accept`, or `circle leave` to decline.", ""});
    }
    if (row.state != store::CircleState::kMember) continue;
    auto proof = trust::decodeCharterProof(row.proof);
    if (proof.ok() && proof->current().keeper == gateway.home) {
      size_t waiting = 0;
      for (const engine::CircleWish& wish : engine::wishesOf(reader, row.id)) waiting += wish.ready && !wish.refused ? 1 : 0;
      if (waiting > 0) all->push_back({"circle_wishes", counted(waiting, "request") + " of members of " + name + (waiting == 1 ? " waits" : " wait") + " for its keeper: `circle show`.", ""});
    }
    for (const HomeId& home : reader.circleDistrusted(row.id)) {
      all->push_back({"member_distrusted",
                      "A member of " + name + " showed forged counts of this home's writes three times in a day; what it sends is held until "
                                              "you decide: `circle trust`, or `circle remove`.",
                      home.text()});
    }
    if (row.needs_pass) {
      all->push_back({"circle_needs_pass", "This home was restored, and may change " + name + " only when another member has shown what became of it.", ""});
    }
  }
}

}  // namespace

std::string whyNoLinks(Gateway& gateway, const std::vector<PluginItem>& plugins) {
  const auto& sharing = gateway.parts.configuration.config.sharing;
  if (!sharing.enabled || !sharing.sync.enabled) return "";
  auto carries = [](const PluginItem& plugin) {
    return plugin.state == "running" &&
           std::find(plugin.roles.begin(), plugin.roles.end(), "transport") != plugin.roles.end();
  };
  if (std::any_of(plugins.begin(), plugins.end(), carries)) return "";
  auto lan = std::find_if(plugins.begin(), plugins.end(), [](const PluginItem& plugin) { return plugin.name == "lan"; });
  if (lan == plugins.end()) {
    return "the plugin lan is not in the plugins' folder; install it there, or set plugins_path to where it is";
  }
  if (lan->state == "disabled") return "the plugin lan is disabled; `plugin enable lan` starts it";
  return "the plugin lan is " + lan->state + "; when its reason is mended, `plugin enable lan` starts it";
}

std::vector<Attention> attentionOf(Gateway& gateway, store::Reader& reader) {
  std::vector<Attention> all;
  if (auto fault = gateway.parts.engine.storageFault()) all.push_back({fault->code, fault->message, ""});
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
                   "meet; set up time synchronisation, or clock.trust when the clock is right.",
                   ""});
  }
  auto own = reader.owner(gateway.me());
  if (own && own->hold) {
    all.push_back(
        {"restore_hold",
         "A data folder was put back, and nothing is sent to other homes until a person has looked at homes and grants: "
         "`home confirm`.",
         ""});
  }
  if (sync::areForeign(reader.meta(sync::kForeignStatements), gateway.parts.identity.chain())) {
    all.push_back({"identity_fork",
                   "A key of this home is about that it did not make: somebody has its key, or this data folder is older than "
                   "what others know. `key rotate --compromised` ends it.",
                   ""});
  }
  addHomes(gateway, reader, &all);
  addCircles(gateway, reader, &all);
  if (uint64_t open = reader.openConflicts(); open > 0) {
    all.push_back({"conflicts_open",
                   counted(open, "conflict") + (open == 1 ? " waits" : " wait") + " for a person: `conflict list`.", ""});
  }
  addLongVectors(gateway, reader, &all);
  std::vector<PluginItem> plugins = gateway.parts.plugins.list();
  if (std::string why = whyNoLinks(gateway, plugins); !why.empty()) {
    all.push_back({"no_links", "This home is connected to no other, because " + why + ".", ""});
  }
  for (const PluginItem& plugin : plugins) {
    if (plugin.error.code.empty()) continue;
    all.push_back({"plugin_" + plugin.state,
                   "The plugin " + plugin.name + " is " + plugin.state + ": " + plugin.error.message, ""});
  }
  return all;
}

}  // namespace hearthgate::api
