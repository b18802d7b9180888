// GET /health, /metrics, /api/v1/status and /api/v1/openapi.yaml.
#include "api/attention.h"
#include "api/json_text.h"
#include "api/metrics.h"
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
    object.boolean("keys_sealed", gateway.parts.identity.sealed()).text("version", gateway.settings.version);
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

Result<Answer> metrics(Gateway& gateway, Call&) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    Answer answer;
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = metricsText(gateway, reader);
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
