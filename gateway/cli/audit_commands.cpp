// `audit`: who did what and when.
#include <sstream>

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

// The same of each word of a text: addresses become those that commands take, versions as short as in a history.
std::string named(Context& context, const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) {
    bool id = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string::npos;
    if (id && word.size() == kWholeVersion) word.resize(kShownVersion);
    out += (out.empty() ? "" : " ");
    out += id && word.size() == kHomeIdLetters ? context.homeName(word) : context.addressName(word);
  }
  return out;
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
  Table table({"WHEN", "WHO", "DID", "ABOUT"}, {0});
  for (const auto& item : itemsAt(reply.body, "items")) {
    std::string about = named(context, textAt(item, "subject"));
    std::string detail = named(context, textAt(item, "detail"));
    about += (about.empty() || detail.empty() ? "" : ": ") + detail;
    int64_t times = numberAt(item, "count");
    if (times > 1) about += " (" + number(times) + " times)";
    table.add({toSeconds(textAt(item, "at")), who(context, textAt(item, "actor")), safe(textAt(item, "action")), about});
  }
  table.print(context.out(), "nothing is on record");
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
  command->add_option("--limit", options->limit, "so many at most, up to 1000 (default: 50)")
      ->type_name("NUMBER")
      ->check(CLI::Range(1, 1000).description(""));
  command->add_option("--after", options->after, "the page after this mark");
}

}  // namespace hearthgate::cli
