// GET /report: one JSON document with what helps to find a fault, for handing on to somebody else. Everything that
// names a person, a thing or a place goes through the Redactor; what is no text that this program wrote itself is left
// away.
#include <limits.h>
#include <link.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <thread>

#include "api/attention.h"
#include "api/event_streams.h"
#include "api/items.h"
#include "api/json_text.h"
#include "api/metrics.h"
#include "api/process_figures.h"
#include "api/redactor.h"
#include "api/router.h"
#include "base/log.h"
#include "base/utf8.h"
#include "config/keys.h"
#include "model/limits.h"

namespace hearthgate::api {
namespace {

constexpr size_t kLogLinesTold = 200;
constexpr uint64_t kEventsTold = 100;
constexpr size_t kConflictsCounted = 1000;
constexpr size_t kFindingsTold = 10;

// The shared libraries of the process, whose file names carry their versions.
std::set<std::string> loadedLibraries() {
  std::set<std::string> names;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* into) {
        std::error_code error;
        std::filesystem::path path = std::filesystem::canonical(info->dlpi_name, error);
        // Of the system's; plugins are told by themselves.
        if (!error && path.string().starts_with("/usr/lib"))
          static_cast<std::set<std::string>*>(into)->insert(path.filename());
        return 0;
      },
      &names);
  return names;
}

Redactor redactorFor(Gateway& gateway, store::Reader& reader) {
  Redactor redactor(gateway.parts.random);
  char host[HOST_NAME_MAX + 1] = {};
  ::gethostname(host, sizeof host - 1);
  redactor.knowName(host);
  redactor.knowName(gateway.settings.home_name);
  redactor.knowName(gateway.parts.configuration.config.name);
  redactor.knowHome(gateway.home.text());
  // Forgotten ones too: their names may stand in the log.
  for (const store::Peer& peer : reader.peers()) {
    redactor.knowHome(peer.home.text());
    redactor.knowName(peer.name);
    redactor.knowName(displayName(peer.name));
  }
  for (const store::OwnerRow& owner : reader.owners()) redactor.knowHome(owner.id.text());
  return redactor;
}

void addStatus(ObjectText& out, Gateway& gateway, store::Reader& reader, const Redactor& redactor) {
  ObjectText status(&out.value("status"));
  status.text("home", redactor.home(gateway.home.text())).text("version", gateway.settings.version);
  status.number("uptime_s", (gateway.parts.clock.steadyMs() - gateway.started_ms) / 1000);
  status.boolean("clock_synchronised", gateway.parts.clock.synchronised());
  status.number("homes_connected", gateway.parts.homes.connectedCount());
  store::Head head = reader.head();
  status.number("feed_sequence", head.sequence).number("change", head.change);
  status.number("held", reader.heldCount()).number("event_streams", gateway.streams->count());
}

void addMachine(ObjectText& out, store::Reader& reader) {
  ObjectText machine(&out.value("machine"));
  utsname system{};
  if (::uname(&system) == 0) machine.text("kernel", system.release).text("architecture", system.machine);
  machine.number("processors", std::thread::hardware_concurrency());
  machine.text("compiler", __VERSION__).text("sqlite", reader.sqliteVersion());
  ArrayText libraries(&machine.value("libraries"));
  for (const std::string& name : loadedLibraries()) libraries.text(name);
}

const char* originKind(const config::Origin& origin) {
  switch (origin.kind) {
    case config::Origin::Kind::kDefault:
      return "default";
    case config::Origin::Kind::kFile:
      return "file";
    case config::Origin::Kind::kEnvironment:
      return "environment";
  }
  return "";
}

// Numbers, choices and flags as they are; of texts and plugins' sections only whether they were set.
void addConfiguration(ObjectText& out, Gateway& gateway) {
  ArrayText all(&out.value("configuration"));
  for (const config::Setting& setting : gateway.parts.configuration.settings) {
    const config::Key* key = config::findKey(setting.key);
    bool text = !key || key->type == config::Type::kText || key->type == config::Type::kTexts ||
                key->type == config::Type::kOptionalTexts;
    ObjectText item(all.item());
    item.text("key", setting.key).text("origin", originKind(setting.origin));
    if (setting.origin.kind == config::Origin::Kind::kFile) item.number("line", setting.origin.line);
    if (text && setting.origin.kind != config::Origin::Kind::kDefault) {
      item.text("value", "(set)");
    } else {
      item.raw("value", setting.value);
    }
  }
}

void addPlugins(ObjectText& out, Gateway& gateway, const Redactor& redactor) {
  ArrayText all(&out.value("plugins"));
  for (const PluginItem& plugin : gateway.parts.plugins.list()) {
    ObjectText item(all.item());
    item.text("name", plugin.name).text("version", plugin.version).text("state", plugin.state);
    {
      ArrayText roles(&item.value("roles"));
      for (const std::string& role : plugin.roles) roles.text(role);
    }
    item.textOrNull("error", plugin.error.code).textOrNull("detail", redactor.text(plugin.error.message));
    ArrayText listeners(&item.value("listeners"));
    for (const auto& listener : plugin.listeners) listeners.text(redactor.address(listener.address));
  }
}

void addAttention(ObjectText& out, Gateway& gateway, store::Reader& reader, const Redactor& redactor) {
  ArrayText all(&out.value("attention"));
  for (const Attention& one : attentionOf(gateway, reader)) {
    ObjectText item(all.item());
    item.text("code", one.code).text("detail", redactor.text(one.detail));
    if (!one.home.empty()) item.text("home", redactor.home(one.home));
  }
}

void addHome(ArrayText& all, Gateway& gateway, store::Reader& reader, const store::Peer& peer,
             const Redactor& redactor) {
  HomeState state = gateway.parts.homes.state(peer.home);
  HomeLag lag = lagOf(gateway, reader, peer, state);
  ObjectText item(all.item());
  item.text("home", redactor.home(peer.home.text()));
  item.text("state", peer.state == store::PeerState::kForgotten ? "forgotten" : state.state);
  item.boolean("unacknowledged", peer.state == store::PeerState::kUnacknowledged)
      .boolean("kept_apart", peer.kept_apart);
  if (state.since_ms > 0) item.time("since", state.since_ms);
  item.textOrNull("transport", state.transport).textOrNull("refused_reason", redactor.text(state.refused_reason));
  item.number("to_send", lag.to_send).number("to_receive", lag.to_receive);
  item.number("held_here", lag.held_here).number("held_there", lag.held_there);
  item.number("refused_there", lag.refused_there);
  if (state.clock_offset_ms) item.number("clock_offset_ms", *state.clock_offset_ms);
  item.time("last_sync_at", peer.last_sync_ms).number("incarnation", peer.incarnation);
  {
    ArrayText addresses(&item.value("addresses"));
    for (const store::PeerAddress& address : peer.addresses) {
      ObjectText one(addresses.item());
      one.text("address", redactor.address(address.address))
          .text("source", address.source)
          .time("last_ok", address.last_ok_ms);
    }
  }
  ArrayText reasons(&item.value("held_because"));
  std::set<std::string> told;
  for (const store::HeldRow& row : reader.heldNames(peer.home, kFindingsTold)) {
    if (told.insert(row.reason).second) reasons.text(redactor.text(row.reason));
  }
}

void addEntities(ObjectText& out, Gateway& gateway, store::Reader& reader, const Redactor& redactor) {
  {
    ArrayText all(&out.value("entities"));
    for (const store::EntityTally& tally : gateway.tallies.look(reader).entities) {
      ObjectText item(all.item());
      item.text("owner", redactor.home(tally.owner.text()));
      item.text("kind", tally.kind == "state" ? tally.kind : redactor.pseudonym("kind", tally.kind));
      item.number("live", tally.live).number("deleted", tally.deleted).number("no_longer_shared", tally.stubs);
    }
  }
  ObjectText conflicts(&out.value("conflicts"));
  conflicts.number("open", reader.openConflicts());
  std::map<std::string, uint64_t> by_strategy = reader.conflictStrategies(kConflictsCounted);
  uint64_t counted = 0;
  for (const auto& [name, count] : by_strategy) counted += count;
  conflicts.number("counted", counted);
  ObjectText strategies(&conflicts.value("by_strategy"));
  for (const auto& [name, count] : by_strategy) {
    std::string shown;
    model::appendJsonString(redactor.text(name), &shown);
    strategies.number(std::string_view(shown).substr(1, shown.size() - 2), count);
  }
}

// Of an event only what kind it was and which home it was about.
void addEvents(ObjectText& out, store::Reader& reader, const Redactor& redactor) {
  ArrayText all(&out.value("events"));
  uint64_t sequence = reader.head().sequence;
  // Events and changes are numbered together, so this may begin early.
  uint64_t after = sequence > kEventsTold * 10 ? sequence - kEventsTold * 10 : 0;
  std::vector<store::EventRow> rows = reader.events(after, kEventsTold * 10);
  size_t skip = rows.size() > kEventsTold ? rows.size() - kEventsTold : 0;
  for (size_t i = skip; i < rows.size(); ++i) {
    ObjectText item(all.item());
    item.number("n", rows[i].n).text("type", rows[i].type);
    auto body = model::parseJson(rows[i].body, model::kMaxDepth);
    if (!body.ok()) continue;
    for (const char* name : {"home", "id"}) {
      const model::Json* member = body->find(name);
      if (member && member->isString() && HomeId::parse(member->text)) item.text("home", redactor.home(member->text));
    }
    for (const char* name : {"state", "code"}) {
      const model::Json* member = body->find(name);
      if (member && member->isString()) item.text(name, redactor.text(member->text));
    }
  }
}

void addDatabase(ObjectText& out, Gateway& gateway, store::Reader& reader, const Redactor& redactor) {
  ObjectText database(&out.value("database"));
  const std::string& path = gateway.settings.database_path;
  database.number("bytes", fileBytes(path)).number("wal_bytes", fileBytes(path + "-wal"));
  database.number("schema", reader.schemaVersion()).number("history_rows", gateway.tallies.look(reader).history);
  std::vector<std::string> findings = reader.quickCheck(kFindingsTold);
  database.boolean("sound", findings.empty());
  ArrayText all(&database.value("findings"));
  for (const std::string& finding : findings) all.text(redactor.text(finding));
}

void addLimits(ObjectText& out) {
  ObjectText limits(&out.value("limits"));
  limits.number("document_bytes", model::kMaxDocumentBytes).number("depth", model::kMaxDepth);
  limits.number("bulk_bytes", kMaxBulkBytes)
      .number("bulk_lines", kMaxBulkLines)
      .number("event_streams", kMaxStreams)
      .number("request_threads", kRequestThreads);
  limits.number("waiting_calls", kMaxWaitingCalls).number("group", engine::kMaxGroup);
  limits.number("open_files", processFigures().max_fds);
}

Result<Answer> report(Gateway& gateway, Call&) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    Redactor redactor = redactorFor(gateway, reader);
    std::string text;
    ObjectText out(&text);
    out.number("report", 1).time("at", gateway.parts.clock.wallMs());
    addStatus(out, gateway, reader, redactor);
    addMachine(out, reader);
    addConfiguration(out, gateway);
    addPlugins(out, gateway, redactor);
    addAttention(out, gateway, reader, redactor);
    {
      ArrayText homes(&out.value("homes"));
      for (const store::Peer& peer : reader.peers()) addHome(homes, gateway, reader, peer, redactor);
    }
    addEntities(out, gateway, reader, redactor);
    addDatabase(out, gateway, reader, redactor);
    addEvents(out, reader, redactor);
    {
      ArrayText lines(&out.value("log"));
      for (const std::string& line : lastLogLines(kLogLinesTold)) lines.text(redactor.text(displayName(line, 4096)));
    }
    addLimits(out);
    out.text("metrics", redactor.metrics(metricsText(gateway, reader)));
    out.close();
    return Answer::json(std::move(text));
  });
}

}  // namespace

void addReportRoutes(Router& router) { router.add({"GET", "/api/v1/report", {}, report}); }

}  // namespace hearthgate::api
