// Other homes: who is heard, and each known one step by step.
#include <algorithm>
#include <set>

#include "api/doctor.h"
#include "api/items.h"
#include "api/metrics.h"
#include "base/counted.h"
#include "base/utf8.h"
#include "sync/link_hub.h"
#include "sync/reach.h"

namespace hearthgate::api {
namespace {

using sync::kHomeService;
using sync::ReachStep;
using sync::Step;

std::string aboutStep(const std::string& name, Step step) {
  switch (step) {
    case Step::kName: return name + ": address known";
    case Step::kAddress: return name + ": way there";
    case Step::kTcp: return name + ": port open";
    case Step::kWebSocket: return name + ": WebSocket";
    case Step::kTls: return name + ": TLS";
    case Step::kPinned: return name + ": keys pinned";
    case Step::kLevel: break;
  }
  return name + ": level";
}

// Whether both have the same, once hellos were exchanged.
void judgeLevel(const HomeLag& lag, Finding* finding) {
  const uint64_t held = lag.held_here + lag.held_there;
  if (held + lag.refused_there > 0) {
    finding->verdict = Verdict::kWarn;
    finding->detail = "Connected; " + counted(held, "version") + " held back, " + std::to_string(lag.refused_there) + " refused there.";
    finding->next_action = "`hearthgate status` says why, and `hearthgate conflict list --state refused` what.";
  } else if (lag.to_send + lag.to_receive > 0) {
    finding->detail = "Connected; on the way are " + std::to_string(lag.to_send) + " to send and " + std::to_string(lag.to_receive) + " to receive.";
  } else {
    finding->detail = "Connected, and nothing is on the way.";
  }
}

Finding clockOf(const Gateway& gateway, const std::string& id, const std::string& name, const HomeState& state) {
  Finding finding{"home." + id + ".clock", name + ": clock", Verdict::kSkipped, "It is compared while connected.", ""};
  if (!state.clock_offset_ms) return finding;
  const int64_t drift_ms = gateway.parts.configuration.config.sharing.sync.max_clock_drift_s * 1000;
  const int64_t offset_ms = *state.clock_offset_ms;
  const int64_t apart_ms = offset_ms < 0 ? -offset_ms : offset_ms;
  std::string apart = apart_ms < 2000 ? std::to_string(apart_ms) + " ms" : std::to_string(apart_ms / 1000) + " s";
  finding.verdict = apart_ms > drift_ms ? Verdict::kFail : apart_ms > drift_ms / 2 ? Verdict::kWarn : Verdict::kOk;
  finding.detail = "Its clock is " + apart + (offset_ms < 0 ? " behind" : " ahead of") + " this one; up to " +
                   std::to_string(drift_ms / 1000) + " s are borne.";
  if (finding.verdict != Verdict::kOk) finding.next_action = "Set up time synchronisation at both homes; `clock` says how it is here.";
  return finding;
}

void checkHome(Gateway& gateway, store::Reader& reader, const store::Peer& peer, const std::string& id, Findings* all) {
  const std::string name = displayName(peer.name);
  const std::string prefix = "home." + id + ".";
  auto steps = gateway.parts.homes.reach(peer.home);
  if (!steps.ok()) return;  // Forgotten meanwhile.
  if (peer.state == store::PeerState::kUnacknowledged) {
    all->push_back({prefix + "level", aboutStep(name, Step::kLevel), Verdict::kSkipped, "The pairing with it is not finished.", ""});
    return;
  }
  if (steps->empty()) {
    all->push_back({prefix + "level", aboutStep(name, Step::kLevel), Verdict::kSkipped,
                    peer.kept_apart ? "A person disconnected it here; `hearthgate home connect " + name + "` ends that."
                                    : "It was not tried; see `links`.",
                    ""});
    return;
  }
  const HomeState state = gateway.parts.homes.state(peer.home);
  for (ReachStep& step : *steps) {
    Finding finding{prefix + std::string(sync::stepName(step.step)), aboutStep(name, step.step), Verdict::kOk,
                    std::move(step.detail), std::move(step.next_action)};
    if (step.verdict == ReachStep::Verdict::kFailed) finding.verdict = Verdict::kFail;
    if (step.verdict == ReachStep::Verdict::kSkipped) finding.verdict = Verdict::kSkipped;
    if (step.step == Step::kLevel && finding.verdict == Verdict::kOk) judgeLevel(lagOf(gateway, reader, peer, state), &finding);
    all->push_back(std::move(finding));
  }
  all->push_back(clockOf(gateway, id, name, state));
}

// Which homes are announced on the local networks, and which were and are not any more.
void checkOthers(Gateway& gateway, const std::vector<store::Peer>& peers, Findings* all) {
  Finding finding{"mdns.others", "other homes nearby", Verdict::kOk, "", ""};
  std::set<std::string> here;
  std::set<std::string> interfaces;
  std::map<std::string, std::string> gone;  // interface by id
  for (const DiscoveredItem& item : gateway.parts.homes.discovered()) {
    if (item.service != kHomeService || item.own) continue;
    if (item.here) {
      here.insert(item.id8.empty() ? item.instance : item.id8);
      interfaces.insert(displayName(item.interface));
    } else {
      gone[item.id8] = displayName(item.interface);
    }
  }
  std::string missed;
  for (const store::Peer& peer : peers) {
    auto was = gone.find(peer.home.text().substr(0, kAnnouncedIdSymbols));
    if (was == gone.end() || here.contains(was->first) || peer.state != store::PeerState::kPaired || peer.kept_apart) continue;
    if (gateway.parts.homes.state(peer.home).state == "connected") continue;
    missed += (missed.empty() ? "" : ", ") + displayName(peer.name) + " (last on " + was->second + ")";
  }
  std::string on;
  for (const std::string& name : interfaces) on += (on.empty() ? "" : ", ") + name;
  finding.detail = here.empty() ? "No other home is heard on the local networks."
                                : counted(here.size(), "other home") + (here.size() == 1 ? " is" : " are") + " heard, on " + on + ".";
  if (!missed.empty()) {
    finding.verdict = Verdict::kWarn;
    finding.detail += " No longer heard: " + missed + ".";
    finding.next_action = "It is off, or in another network segment now (a guest network, a VLAN), or an access point or switch keeps "
                          "multicast from passing (client isolation, IGMP snooping without a querier).";
  }
  all->push_back(std::move(finding));
}

}  // namespace

Status checkHomes(Gateway& gateway, const NetworkLook& look, Findings* all) {
  auto read = gateway.readers.read<bool>([&](store::Reader& reader) -> Result<bool> {
    std::vector<store::Peer> peers = reader.peers();
    std::erase_if(peers, [](const store::Peer& peer) { return peer.state == store::PeerState::kForgotten; });
    if (look.off.empty()) checkOthers(gateway, peers, all);
    std::vector<std::string> ids;
    for (const store::Peer& peer : peers) ids.push_back(peer.home.text());
    const std::map<std::string, std::string> names = shortIds(ids);
    for (const store::Peer& peer : peers) checkHome(gateway, reader, peer, names.at(peer.home.text()), all);
    return true;
  });
  if (!read.ok()) return read.error();
  return {};
}

}  // namespace hearthgate::api
