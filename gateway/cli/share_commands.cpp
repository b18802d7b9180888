// `share`, `unshare` and `grants`.
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

struct ShareOptions {
  std::string entity, home, until;
  bool read = false, write = false, none = false;
};

// RFC 3339, or `+` and a number of s, min, m, h, d or w from now.
std::string untilTime(Context& context, const std::string& text) {
  if (text.empty()) return "";
  int64_t wall_ms = 0;
  if (text[0] != '+') {
    if (!parseRfc3339(text, &wall_ms)) context.misuse("\"" + text + "\" is no time; write 2030-01-31T18:00:00Z or +2h");
    return rfc3339(wall_ms);
  }
  static const std::map<std::string, int64_t> units{{"s", 1},     {"m", 60},     {"min", 60},
                                                    {"h", 3'600}, {"d", 86'400}, {"w", 604'800}};
  size_t digits = text.find_first_not_of("0123456789", 1);
  auto unit = units.find(digits == std::string::npos ? "" : text.substr(digits));
  constexpr size_t kMostDigits = 6;  // a million weeks is enough, and nothing overflows
  if (unit == units.end() || digits < 2 || digits > kMostDigits + 1) {
    context.misuse("\"" + text + "\" is no time; write a number and s, min, h, d or w, as +2h");
  }
  int64_t seconds = std::stoll(text.substr(1, digits - 1)) * unit->second;
  return rfc3339(context.terminal().clock.wallMs() + seconds * 1000);
}

ExitStatus share(Context& context, const ShareOptions& options) {
  std::string until = untilTime(context, options.until);
  std::string home = context.otherHomeId(options.home);
  std::string access = options.none ? "none" : options.write ? "write" : "read";
  boost::json::object body{{"access", access}};
  if (!until.empty()) body["until"] = until;
  // No letter of any id stands in it.
  bool everything = options.entity.find_first_not_of("*?.") == std::string::npos;
  if (everything && !options.none) {
    std::string question = "let ";
    question.append(context.homeName(home)).append(options.write ? " read and write" : " read");
    question.append(" everything that this home owns and will own, of every kind?");
    if (!context.confirmed(question)) return kFailed;
  }
  Reply reply = context.send("PUT", path({"entities", context.entity(options.entity), "grants", home}), body);
  if (context.printed(reply)) return kDone;
  context.out() << safe(options.entity) << ": " << context.homeName(home)
                << (options.none    ? " has no access"
                    : options.write ? " may read and write"
                                    : " may read")
                << (until.empty() ? "" : " until " + until) << "\n";
  int64_t matches = numberAt(reply.body, "matches");
  if (options.entity.find_first_of("*?") == std::string::npos) {
    if (matches == 0) context.out() << "  there is no such entity now; when it comes, this holds for it\n";
  } else if (matches == 0) {
    context.out() << "  it matches nothing that is there now; what comes later and matches is "
                  << (options.none ? "not shared\n" : "shared\n");
  } else {
    context.out() << "  it matches " << matches << (matches == 1 ? " entity" : " entities")
                  << " now, and what comes later and matches\n";
  }
  return kDone;
}

ExitStatus unshare(Context& context, const ShareOptions& options) {
  std::string home = context.otherHomeId(options.home);
  Reply reply = context.send("DELETE", path({"entities", context.entity(options.entity), "grants", home}));
  if (context.printed(reply)) return kDone;
  std::string name = context.homeName(home);
  std::string still;
  if (options.entity.find_first_of("*?") == std::string::npos) {
    Reply now = context.ask("GET", path({"entities", context.entity(options.entity)}));
    for (const auto& grant : itemsAt(now.body, "shared_with")) {
      if (textAt(grant, "home") == home) still = textAt(grant, "access");
    }
  }
  if (still.empty()) {
    context.out() << safe(options.entity) << " is no longer shared with " << name << "\n";
  } else {
    context.out() << folded("the row " + safe(options.entity) + " is gone, but another one still lets " + name + " " +
                            safe(still) + " it (`hearthgate grants`)")
                  << folded("  an exception: `hearthgate share " + safe(options.entity) + " " + name + " --none`");
  }
  return kDone;
}

ExitStatus grants(Context& context) {
  if (context.json()) {
    context.printed(context.get(path({"grants"})));
    return kDone;
  }
  Table table({"ENTITY", "HOME", "ACCESS", "UNTIL"});
  for (const auto& grant : context.all(path({"grants"}))) {
    std::string entity;
    for (const char* name : {"entity", "glob", "id"}) {
      if (entity.empty()) entity = textAt(grant, name);
    }
    table.add({safe(entity), context.homeName(textAt(grant, "home")), safe(textAt(grant, "access")),
               readable(at(grant, "until"))});
  }
  table.print(context.out(), "nothing is shared; `hearthgate share ENTITY HOME` shares");
  return kDone;
}

}  // namespace

void addShareCommands(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<ShareOptions>();
  auto targets = [&](CLI::App* command) {
    command->add_option("ENTITY", options->entity, "an id, or a glob as 'light.*', also for entities to come")
        ->required();
    command->add_option("HOME", options->home, "its name or id")->required();
    return command;
  };
  auto* sharing = targets(addCommand(program, chosen, "share", "Share an entity with a home",
                                     [=](Context& c) { return share(c, *options); }));
  auto* read = sharing->add_flag("--read", options->read, "it may read (default)");
  auto* write = sharing->add_flag("--write", options->write, "it may read and write");
  auto* none = sharing->add_flag("--none", options->none, "an exception from a glob: no access");
  write->excludes(read);
  none->excludes(read)->excludes(write);
  sharing->add_option("--until", options->until, "2030-01-31T18:00:00Z or +2h");
  targets(addCommand(program, chosen, "unshare", "End the sharing of an entity with a home",
                     [=](Context& c) { return unshare(c, *options); }));
  addCommand(program, chosen, "grants", "What is shared with whom", grants);
}

}  // namespace hearthgate::cli
