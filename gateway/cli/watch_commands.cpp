// `watch`: the gateway's events, one a line, over its restarts.
#include "base/exact_json.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/tuning.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

struct WatchOptions {
  std::string types, prefix;
  int64_t count = 0;
};

std::string line(Context& context, const api::ServerEvent& event, const Json& data) {
  std::string text = safe(event.type);
  text.resize(std::max<size_t>(text.size(), 14), ' ');
  if (event.type == "entity") {
    return text + context.entityName(data) + "  " + safe(textAt(data, "change")) + "  " +
           (flagAt(data, "deleted") ? "deleted" : fieldsLine(at(data, "fields")));
  }
  if (event.type == "home") return text + context.homeName(textAt(data, "id")) + "  " + safe(textAt(data, "state"));
  if (event.type == "circle") {
    std::string about = textAt(data, "home").empty() ? "" : "  " + context.homeName(textAt(data, "home"));
    return text + safe(textAt(data, "name")) + "  " + safe(textAt(data, "what")) + about;
  }
  if (event.type == "sync_complete") {
    return text + context.homeName(textAt(data, "home")) + "  sent " + readable(at(data, "sent")) + ", received " +
           readable(at(data, "received"));
  }
  return text + fieldsLine(data);
}

void print(Context& context, const api::ServerEvent& event) {
  boost::json::error_code error;
  Json data = parseExactJson(event.data, error);
  if (context.json()) {
    // One JSON document a line, whatever the data holds.
    boost::json::object out{{"id", event.id}, {"event", event.type}, {"data", error ? Json(event.data) : data}};
    context.out() << boost::json::serialize(out) << std::endl;
  } else {
    context.out() << line(context, event, error ? Json(event.data) : data) << std::endl;
  }
}

ExitStatus watch(Context& context, const WatchOptions& options) {
  std::string target = path({"events"}) + query({{"types", options.types}, {"prefix", options.prefix}});
  std::string place;
  int64_t seen = 0;
  for (int tries = 0;; ++tries) {
    std::string before = place;
    auto answer = context.client().events(target, &place, [&](const api::ServerEvent& event) {
      print(context, event);
      return ++seen != options.count && context.out().good();
    });
    if (answer.ok() && answer->status == 200) return kDone;
    if (answer.ok()) {
      Reply reply;
      reply.status = answer->status;
      reply.raw = answer->body;
      boost::json::error_code error;
      reply.body = parseExactJson(reply.raw, error);
      context.stopAt(reply);
    }
    if (place != before) tries = 0;
    // At the first try a gateway that is not there is a mistake of the command, later a restart.
    bool started = !place.empty() || seen > 0;
    if (!started || tries >= kWatchTries) context.failUnreachable(answer.error());
    context.terminal().pause(kWatchPause);
  }
}

}  // namespace

void addWatchCommands(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<WatchOptions>();
  auto* command = addCommand(program, chosen, "watch", "Print events as they happen, until Ctrl-C",
                             [=](Context& c) { return watch(c, *options); });
  command->add_option("--types", options->types,
                      "only these, with commas: entity, conflict, home, discovered, sync_complete, plugin, pairing, attention");
  command->add_option("--prefix", options->prefix, "only entities whose ids start so");
  command->add_option("--count", options->count, "leave after so many events")->check(wholeNumber());
}

}  // namespace hearthgate::cli
