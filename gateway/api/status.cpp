// GET /health, /metrics, /api/v1/status and /api/v1/openapi.yaml.
#include <unistd.h>

#include <fstream>

#include "api/attention.h"
#include "api/event_streams.h"
#include "api/json_text.h"
#include "api/openapi.h"
#include "api/router.h"

namespace hearthgate::api {
namespace {

size_t knownHomes(store::Reader& reader) {
  size_t known = 0;
  for (const store::Peer& peer : reader.peers()) known += peer.state == store::PeerState::kForgotten ? 0 : 1;
  return known;
}

Result<Answer> health(Gateway& gateway, Call&) {
  std::string out;
  ObjectText object(&out);
  object.text("status", "healthy").text("instance_id", gateway.home.text());
  object.number("connected_clients", gateway.parts.homes.connectedCount());
  object.number("timestamp", gateway.parts.clock.wallMs() / 1000);
  object.close();
  return Answer::json(std::move(out));
}

Result<Answer> status(Gateway& gateway, Call&) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    std::string out;
    ObjectText object(&out);
    {
      ObjectText home(&object.value("home"));
      home.text("id", gateway.home.text()).text("name", gateway.settings.home_name);
    }
    object.text("version", gateway.settings.version);
    object.number("uptime_s", (gateway.parts.clock.steadyMs() - gateway.started_ms) / 1000);
    {
      ObjectText homes(&object.value("homes"));
      homes.number("known", knownHomes(reader)).number("connected", gateway.parts.homes.connectedCount());
    }
    object.number("entities", reader.entityCount()).number("conflicts_open", reader.openConflicts());
    auto own = reader.owner(gateway.me());
    {
      ObjectText feed(&object.value("feed"));
      feed.text("epoch", own ? own->epoch.text() : "").number("sequence", reader.head().sequence);
    }
    {
      ArrayText plugins(&object.value("plugins"));
      for (const PluginItem& plugin : gateway.parts.plugins.list()) *plugins.item() += pluginText(plugin);
    }
    {
      ArrayText attention(&object.value("attention"));
      for (const Attention& one : attentionOf(gateway, reader)) {
        ObjectText item(attention.item());
        item.text("code", one.code).text("detail", one.detail);
        if (!one.home.empty()) item.text("home", one.home);
      }
    }
    object.close();
    return Answer::json(std::move(out));
  });
}

// Prometheus text exposition format, version 0.0.4.
class Metrics {
 public:
  template <typename Number>
  void add(const char* name, const char* type, const char* help, Number value) {
    std::string full = std::string("hearthgate_") + name;
    text_ += "# HELP " + full + " " + help + "\n# TYPE " + full + " " + type + "\n" + full + " " +
             std::to_string(value) + "\n";
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

uint64_t residentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t all = 0;
  uint64_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

Result<Answer> metrics(Gateway& gateway, Call&) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    Metrics all;
    all.add("uptime_seconds", "gauge", "Seconds since the gateway started.",
            (gateway.parts.clock.steadyMs() - gateway.started_ms) / 1000);
    all.add("entities", "gauge", "Live entities, own and of other owners.", reader.entityCount());
    all.add("conflicts_open", "gauge", "Conflicts that wait for a person.", reader.openConflicts());
    all.add("held_versions", "gauge", "Received versions that are not joined yet.", reader.heldCount());
    all.add("homes_known", "gauge", "Paired homes.", knownHomes(reader));
    all.add("homes_connected", "gauge", "Homes with an open link.", gateway.parts.homes.connectedCount());
    all.add("feed_sequence", "counter", "Sequence number of the last change.", reader.head().sequence);
    all.add("event_streams", "gauge", "Open event streams.", gateway.streams->count());
    const Counters& counters = gateway.counters;
    all.add("http_requests_total", "counter", "Requests answered.", counters.requests.load());
    all.add("http_client_errors_total", "counter", "Requests answered with a status of 400 to 499.",
            counters.client_errors.load());
    all.add("http_server_errors_total", "counter", "Requests answered with a status of 500 or more.",
            counters.server_errors.load());
    all.add("http_wrong_tokens_total", "counter", "Requests without the right token.", counters.wrong_tokens.load());
    all.add("bulk_lines_total", "counter", "Lines accepted from bulk calls.", counters.bulk_lines.load());
    all.add("resident_memory_bytes", "gauge", "Resident memory of the process.", residentBytes());
    Answer answer;
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = all.take();
    return answer;
  });
}

Result<Answer> openapi(Gateway&, Call&) {
  Answer answer;
  answer.content_type = "application/yaml";
  answer.body = openapiDocument();
  return answer;
}

}  // namespace

void addStatusRoutes(Router& router) {
  router.add({"GET", "/health", {}, health});
  router.add({"GET", "/metrics", {}, metrics});
  router.add({"GET", "/api/v1/status", {}, status});
  router.add({"GET", "/api/v1/openapi.yaml", {}, openapi});
}

}  // namespace hearthgate::api
