// GET /metrics: every figure that this gateway keeps. What is counted while it works is kept where the work is done, in
// atomics; here it is only read. Label sets are bounded: homes by the start of their ids, the largest kinds of an
// owner.
#include "api/metrics.h"

#include <chrono>
#include <map>
#include <set>

#include "api/event_streams.h"
#include "api/items.h"
#include "api/metrics_text.h"
#include "api/process_figures.h"
#include "api/router.h"
#include "api/tallies.h"

namespace hearthgate::api {

Tallies::Counts Tallies::look(store::Reader& reader) {
  auto now_s = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  std::lock_guard lock(mutex_);
  uint64_t sequence = reader.head().sequence;
  double begun = now_s();
  if (counted_ && (sequence == sequence_ || begun < next_s_)) return counts_;
  counts_ = {reader.entityTallies(), reader.historyCount()};
  sequence_ = sequence;
  counted_ = true;
  double ended = now_s();
  next_s_ = ended + (ended - begun) * 20;
  return counts_;
}

namespace {

constexpr size_t kShortId = 8;
// Beyond them a home's kinds, which it chooses itself, count together as OTHER.
constexpr size_t kKindsShown = 20;

double number(uint64_t value) { return static_cast<double>(value); }

void addStates(MetricsText& all, const char* name, const char* help, const char* label, std::string_view of,
               std::initializer_list<std::string_view> states, std::string_view present) {
  for (std::string_view state : states)
    all.gauge(name, help, state == present ? 1 : 0, {{label, of}, {"state", state}});
}

void addTraffic(MetricsText& all, const std::string& home, const char* direction, const TrafficFigures& figures) {
  Labels labels{{"home", home}, {"direction", direction}};
  all.counter("link_frames_total", "Frames carried by links, with homes by the start of their ids.",
              number(figures.frames), labels);
  all.counter("link_compressed_frames_total", "Frames that were carried compressed.", number(figures.compressed_frames),
              labels);
  all.counter("link_wire_bytes_total", "Bytes of frames as they were carried, without encryption.",
              number(figures.wire_bytes), labels);
  all.counter("link_message_bytes_total", "Bytes of the same frames before compression.", number(figures.message_bytes),
              labels);
}

void addHome(MetricsText& all, Gateway& gateway, store::Reader& reader, const store::Peer& peer,
             const std::string& home) {
  HomeState state = gateway.parts.homes.state(peer.home);
  addStates(all, "home_link_state", "1 for the state that the link to a home is in.", "home", home,
            {"connected", "connecting", "offline", "refused"}, state.state);
  HomeLag lag = lagOf(gateway, reader, peer, state);
  Labels labels{{"home", home}};
  all.gauge("home_lag_entities", "Entities that are still to be sent or received.", number(lag.to_send),
            {{"home", home}, {"direction", "send"}});
  all.gauge("home_lag_entities", "Entities that are still to be sent or received.", number(lag.to_receive),
            {{"home", home}, {"direction", "receive"}});
  all.gauge("home_held_versions", "Versions of a home that are kept here and not shown yet.",
            number(lag.held_here), labels);
  all.gauge("home_held_there_versions", "Versions of this home that the other one holds back.",
            number(lag.held_there), labels);
  all.gauge("home_refused_there_versions", "Versions of this home that the other one refused.",
            number(lag.refused_there), labels);
  all.gauge("home_kept_apart", "1 while a person keeps the homes apart.", peer.kept_apart ? 1 : 0, labels);
  if (state.clock_offset_ms) {
    all.gauge("home_clock_offset_seconds", "How far a home's clock is ahead of this one's.",
              static_cast<double>(*state.clock_offset_ms) / 1000, labels);
  }
  if (peer.last_sync_ms) {
    all.gauge("home_last_sync_timestamp_seconds", "When both sides were level last, in seconds since 1970.",
              static_cast<double>(*peer.last_sync_ms) / 1000, labels);
  }
  LinkFigures figures = gateway.parts.homes.figures(peer.home);
  addTraffic(all, home, "sent", figures.sent);
  addTraffic(all, home, "received", figures.received);
}

void addHomes(MetricsText& all, Gateway& gateway, store::Reader& reader,
              const std::map<std::string, std::string>& names) {
  std::vector<store::Peer> peers = reader.peers();
  uint64_t known = 0;
  for (const store::Peer& peer : peers) {
    if (peer.state == store::PeerState::kForgotten) continue;
    ++known;
    addHome(all, gateway, reader, peer, names.at(peer.home.text()));
  }
  all.gauge("homes_known", "Paired homes.", number(known));
  all.gauge("homes_connected", "Homes with an open link.", number(gateway.parts.homes.connectedCount()));
  auto keys = gateway.parts.identity.keys();
  all.gauge("key_epoch", "Counts the operating keys of this home.", number(keys->chain.back().epoch));
  all.gauge("keys_former", "Keys of before that are kept for homes that know no other.", number(keys->former.size()));
  size_t here = 0;
  for (const DiscoveredItem& item : gateway.parts.homes.discovered()) here += item.here && !item.own;
  all.gauge("services_discovered", "Services that are announced on the local networks, each way to one by itself.", number(here));
  for (const HandshakeFigure& one : gateway.parts.homes.handshakes()) {
    all.counter("link_handshakes_total", "Attempts at a link or a pairing, either way, by how they ended.",
                number(one.count), {{"kind", one.kind}, {"outcome", one.outcome}});
  }
}

void addEntities(MetricsText& all, Gateway& gateway, store::Reader& reader,
                 const std::map<std::string, std::string>& names) {
  all.gauge("entities", "Live entities, own and of other owners.", number(reader.entityCount()));
  Tallies::Counts counts = gateway.tallies.look(reader);
  const char* help =
      "Entities by owner (the start of its id), kind and state; what is beyond 20 kinds of an owner is OTHER.";
  std::map<model::OwnerId, std::vector<const store::EntityTally*>> owners;
  for (const store::EntityTally& tally : counts.entities) owners[tally.owner].push_back(&tally);
  for (const auto& [owner, tallies] : owners) {
    auto name = names.find(owner.text());
    std::string shown = name == names.end() ? owner.text().substr(0, kShortId) : name->second;
    store::EntityTally other;
    for (size_t i = 0; i < tallies.size(); ++i) {
      const store::EntityTally& one = *tallies[i];
      if (i >= kKindsShown) {
        other.live += one.live;
        other.deleted += one.deleted;
        other.stubs += one.stubs;
        continue;
      }
      all.gauge("entities_by_kind", help, number(one.live), {{"owner", shown}, {"kind", one.kind}, {"state", "live"}});
      all.gauge("entities_by_kind", help, number(one.deleted),
                {{"owner", shown}, {"kind", one.kind}, {"state", "deleted"}});
      all.gauge("entities_by_kind", help, number(one.stubs),
                {{"owner", shown}, {"kind", one.kind}, {"state", "no_longer_shared"}});
    }
    if (tallies.size() <= kKindsShown) continue;
    // A capital letter, which no kind has.
    all.gauge("entities_by_kind", help, number(other.live), {{"owner", shown}, {"kind", "OTHER"}, {"state", "live"}});
    all.gauge("entities_by_kind", help, number(other.deleted),
              {{"owner", shown}, {"kind", "OTHER"}, {"state", "deleted"}});
    all.gauge("entities_by_kind", help, number(other.stubs),
              {{"owner", shown}, {"kind", "OTHER"}, {"state", "no_longer_shared"}});
  }
  std::map<store::CircleState, uint64_t> circles;
  for (const store::CircleRow& row : reader.circles()) ++circles[row.state];
  all.gauge("circles", "Circles of which this home is a member.", number(circles[store::CircleState::kMember]));
  all.gauge("circle_invitations", "Invitations that wait for this home's person.", number(circles[store::CircleState::kInvited]));
  all.gauge("history_rows", "Versions in the history.", number(counts.history));
  all.gauge("conflicts_open", "Conflicts that wait for a person.", number(reader.openConflicts()));
  all.gauge("held_versions", "Received versions that are not joined yet.", number(reader.heldCount()));
  store::Head head = reader.head();
  all.gauge("feed_sequence", "Sequence number of the last change.", number(head.sequence));
  all.gauge("timeline_change", "Number of the last change of the timeline.", number(head.change));
}

void addEngine(MetricsText& all, Gateway& gateway) {
  const engine::Measures& measures = gateway.parts.engine.measures();
  uint64_t ended = measures.commit_s.read().at_most.back();
  uint64_t failed = measures.failed.load();
  all.counter("commits_total", "Commits of the database that succeeded.", number(ended - std::min(ended, failed)));
  all.counter("commits_failed_total", "Commits that were rolled back.", number(failed));
  all.histogram("commit_duration_seconds", "How long commits took until they were durable.", measures.commit_s);
  all.histogram("commit_work_duration_seconds", "How long the work before a commit took.", measures.work_s);
  all.histogram("commit_group_size", "Pieces of work that one commit held.", measures.group);
  all.gauge("engine_queue_length", "Pieces of work that wait for a commit.", number(gateway.parts.engine.queued()));
}

void addRequests(MetricsText& all, Gateway& gateway) {
  for (const auto& [route, figures] : gateway.router->figures()) {
    Distribution::Counts counts = figures->seconds.read();
    if (counts.at_most.back() == 0) continue;
    for (size_t i = 0; i < RouteFigures::kStatuses.size(); ++i) {
      uint64_t count = figures->by_status[i].load();
      if (count == 0) continue;
      all.counter(
          "http_requests_total", "Requests answered, by route and status; `none` is what reached no route.",
          number(count),
          {{"method", route.first}, {"route", route.second}, {"status", std::to_string(RouteFigures::kStatuses[i])}});
    }
    all.histogram("http_request_duration_seconds", "How long requests took until they were answered.", figures->seconds,
                  {{"method", route.first}, {"route", route.second}});
  }
  const Counters& counters = gateway.counters;
  all.counter("http_wrong_tokens_total", "Requests without the right token.", number(counters.wrong_tokens.load()));
  all.counter("bulk_lines_total", "Lines accepted from bulk calls.", number(counters.bulk_lines.load()));
  all.gauge("http_waiting_calls", "Calls that wait for another home.", gateway.waiting_calls.load());
  all.gauge("event_streams", "Open event streams.", number(gateway.streams->count()));
}

void addMachine(MetricsText& all, Gateway& gateway) {
  for (const PluginItem& plugin : gateway.parts.plugins.list()) {
    addStates(all, "plugin_state", "1 for the state that a plugin is in.", "plugin", plugin.name,
              {"running", "disabled", "failed", "refused", "left_out"}, plugin.state);
  }
  const std::string& database = gateway.settings.database_path;
  all.gauge("database_bytes", "Size of the database's file.", number(fileBytes(database)));
  all.gauge("database_wal_bytes", "Size of its write-ahead log.", number(fileBytes(database + "-wal")));
  ProcessFigures process = processFigures();
  all.gauge("process_resident_memory_bytes", "Resident memory of the process.", number(process.resident_bytes));
  all.gauge("process_virtual_memory_bytes", "Address space of the process.", number(process.virtual_bytes));
  all.counter("process_cpu_seconds_total", "Processor time of the process.", process.cpu_s);
  if (process.written_bytes) {
    all.counter("process_written_bytes_total", "Bytes that the process has had written to disks.", number(*process.written_bytes));
  }
  all.gauge("process_threads", "Threads of the process.", number(process.threads));
  all.gauge("process_open_fds", "Open file descriptors.", number(process.open_fds));
  all.gauge("process_max_fds", "Most file descriptors that may be open.", number(process.max_fds));
  all.gauge("process_start_time_seconds", "When the process was started, in seconds since 1970.", process.started_s);
  all.gauge("uptime_seconds", "Seconds since the gateway started.",
            static_cast<double>(gateway.parts.clock.steadyMs() - gateway.started_ms) / 1000);
  all.gauge("clock_synchronised", "1 while the machine's clock is known to be right.",
            gateway.parts.clock.synchronised() ? 1 : 0);
  all.gauge("build_info", "1, with the version as a label.", 1,
            {{"version", gateway.settings.version}, {"compiler", __VERSION__}});
}

}  // namespace

std::map<std::string, std::string> shortIds(const std::vector<std::string>& ids) {
  for (size_t length = kShortId;; length += kShortId) {
    std::map<std::string, std::string> shown;
    std::set<std::string> taken;
    for (const std::string& id : ids) {
      shown[id] = id.substr(0, length);
      taken.insert(shown[id]);
    }
    if (taken.size() == shown.size()) return shown;
  }
}

std::string metricsText(Gateway& gateway, store::Reader& reader) {
  std::vector<std::string> ids;
  for (const store::Peer& peer : reader.peers()) ids.push_back(peer.home.text());
  for (const store::OwnerRow& owner : reader.owners()) ids.push_back(owner.id.text());
  std::map<std::string, std::string> names = shortIds(ids);
  MetricsText all;
  addMachine(all, gateway);
  addHomes(all, gateway, reader, names);
  addEntities(all, gateway, reader, names);
  addEngine(all, gateway);
  addRequests(all, gateway);
  return all.text();
}

}  // namespace hearthgate::api
