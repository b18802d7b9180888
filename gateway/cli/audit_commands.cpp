// `audit`: who did what and when.
#include <algorithm>

#include "cli/commands.h"
#include "cli/table.h"
#include "cli/tuning.h"

namespace hearthgate::cli {
namespace {

struct AuditOptions {
  std::string actor, action, subject, since, after;
  unsigned limit = kAuditRows;
};

// "token:admin" stays; a home id becomes its name.
std::string who(Context& context, const std::string& actor) {
  return actor.find(':') == std::string::npos && actor != "system" ? context.homeName(actor) : safe(actor);
}

ExitStatus audit(Context& context, const AuditOptions& options) {
  bool home = !options.actor.empty() && options.actor.find(':') == std::string::npos && options.actor != "system";
  std::string target = path({"audit"}) + query({{"actor", home ? context.homeId(options.actor) : options.actor},
                                                {"action", options.action},
                                                {"subject", options.subject},
                                                {"since", options.since},
                                                {"limit", std::to_string(options.limit)},
                                                {"after", options.after}});
  Reply reply = context.get(target);
  if (context.printed(reply)) return kDone;
  Table table({"WHEN", "WHO", "DID", "TO", "DETAIL", "TIMES"});
  for (const auto& item : itemsAt(reply.body, "items")) {
    std::string count = readable(at(item, "count"));
    std::string subject = textAt(item, "subject");
    table.add({safe(textAt(item, "at")), who(context, textAt(item, "actor")), safe(textAt(item, "action")),
               subject.find('@') == std::string::npos ? safe(subject) : context.addressName(subject),
               safe(textAt(item, "detail")), count == "1" ? "" : count});
  }
  table.print(context.out(), "nothing");
  std::string next = textAt(reply.body, "next");
  if (!next.empty()) context.out() << "older ones: --after " << safe(next) << "\n";
  return kDone;
}

}  // namespace

void addAuditCommands(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<AuditOptions>();
  auto* command =
      addCommand(program, chosen, "audit", "Who did what and when", [=](Context& c) { return audit(c, *options); });
  command->add_option("--actor", options->actor, "only by this HOME, token:NAME, plugin:NAME or system");
  command->add_option("--action", options->action, "only this, as entity.write or home.forget");
  command->add_option("--subject", options->subject, "only to this, as it stands in the list of --json");
  command->add_option("--since", options->since, "from this time on (RFC 3339)");
  command->add_option("--limit", options->limit, "so many at most")->check(CLI::Range(1, 1000));
  command->add_option("--after", options->after, "the page after this mark");
}

}  // namespace hearthgate::cli
