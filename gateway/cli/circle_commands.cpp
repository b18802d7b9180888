// `circle list`, `show`, `create`, `invite`, `accept`, `leave`, `remove`, `keeper`, `rules`, `answer`, `trust` and `insist`.
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

struct CircleOptions {
  std::string circle, name, home, wish, glob, access = "write", strategy;
  bool no = false;
};

// As the charter names it: members need not be paired with each other, and may be forgotten.
std::string nameIn(Context& context, const Json& circle, const std::string& home) {
  for (const auto& member : itemsAt(circle, "members")) {
    if (textAt(member, "home") == home) return safe(textAt(member, "name"));
  }
  return context.homeName(home);
}

std::string wishLine(Context& context, const Json& circle, const Json& wish) {
  std::string by = nameIn(context, circle, textAt(wish, "by"));
  std::string home = safe(textAt(wish, "name"));
  if (home.empty()) home = nameIn(context, circle, textAt(wish, "home"));
  std::string what = textAt(wish, "wish");
  std::string line = by + " asks ";
  if (what == "add") line += "that " + home + " joins";
  if (what == "remove") line += textAt(wish, "home") == textAt(wish, "by") ? "to leave" : "that " + home + " is removed";
  if (what == "keeper") line += "that " + home + " becomes the keeper";
  if (what == "rules") line += "for other rules";
  std::string state = textAt(wish, "state");
  if (state == "refused") line += "; refused";
  if (state == "invited") line += "; " + home + " has not accepted yet";
  return line + "  (" + safe(textAt(wish, "id")) + ")";
}

ExitStatus list(Context& context) {
  Reply reply = context.get(path({"circles"}));
  if (context.printed(reply)) return kDone;
  Table table({"CIRCLE", "STATE", "KEEPER", "MEMBERS", "PENDING"});
  for (const auto& circle : itemsAt(reply.body, "items")) {
    bool member = textAt(circle, "state") == "member";
    std::string keeper = member ? nameIn(context, circle, textAt(circle, "keeper")) : "-";
    size_t pending = itemsAt(circle, "pending").size() + itemsAt(circle, "invitations").size();
    table.add({safe(textAt(circle, "name")), safe(textAt(circle, "state")), keeper,
               member ? std::to_string(itemsAt(circle, "members").size()) : "-", pending ? std::to_string(pending) : ""});
  }
  table.print(context.out(), "no circles; `hearthgate circle create NAME` makes one");
  return kDone;
}

std::string ownHome(Context& context) { return textAt(at(context.get(path({"status"})).body, "home"), "id"); }

// A home that this one forgot is a member until the keeper removes it, unless that was asked already.
std::string forgottenLine(const Json& circle, const Json& member) {
  for (const auto& wish : itemsAt(circle, "pending")) {
    if (textAt(wish, "wish") == "remove" && textAt(wish, "home") == textAt(member, "home") && textAt(wish, "state") != "refused") return "";
  }
  std::string name = safe(textAt(member, "name"));
  std::string quoted = "\"" + safe(textAt(circle, "name")) + "\"";
  if (textAt(member, "home") == textAt(circle, "keeper")) {
    return "  " + name + " was forgotten here and is the keeper still: pair with it again, or make another member the keeper, with the others "
           "(`hearthgate circle keeper " + quoted + " HOME`)";
  }
  return "  " + name + " was forgotten here and is a member still: `hearthgate circle remove " + quoted + " " + name + "`";
}

ExitStatus show(Context& context, const CircleOptions& options) {
  Reply reply = context.get(path({"circles", context.circleId(options.circle)}));
  if (context.printed(reply)) return kDone;
  const Json& circle = reply.body;
  context.out() << safe(textAt(circle, "name")) << "  " << safe(textAt(circle, "id")) << "\n";
  if (textAt(circle, "state") != "member") {
    const std::string by = context.homeName(textAt(circle, "invited_by"));
    if (textAt(circle, "state") == "invited" && textAt(circle, "until").empty()) {
      context.out() << folded("  " + by + " says that this home is a member; nothing of that is known here, as after the restore of an older "
                              "backup. `hearthgate circle accept` takes it in again, `hearthgate circle leave` ends it");
      return kDone;
    }
    context.out() << "  " << safe(textAt(circle, "state")) << ", invited by " << by << "\n";
    return kDone;
  }
  for (const auto& member : itemsAt(circle, "members")) {
    bool keeps = textAt(member, "home") == textAt(circle, "keeper");
    context.out() << "  " << safe(textAt(member, "name")) << (keeps ? "  (keeper)" : "") << (flagAt(member, "forgotten") ? "  (forgotten)" : "") << "\n";
  }
  for (const auto& member : itemsAt(circle, "members")) {
    std::string line = flagAt(member, "forgotten") ? forgottenLine(circle, member) : "";
    if (!line.empty()) context.out() << folded(line);
  }
  for (const auto& guest : itemsAt(circle, "invitations")) {
    context.out() << "  " << safe(textAt(guest, "name")) << "  (" << safe(textAt(guest, "state")) << " until " << readable(at(guest, "until")) << ")\n";
  }
  for (const auto& wish : itemsAt(circle, "pending")) context.out() << folded("  " + wishLine(context, circle, wish));
  Json rules = at(circle, "rules");
  for (const auto& row : itemsAt(rules, "rows")) {
    std::string who = textAt(row, "home").empty() ? "all members" : nameIn(context, circle, textAt(row, "home"));
    context.out() << "  " << safe(textAt(row, "pattern")) << ": " << who << (textAt(row, "access") == "read" ? " may read" : " may write") << "\n";
  }
  for (const auto& row : itemsAt(rules, "strategies")) {
    std::string about = textAt(row, "pattern") + textAt(row, "kind");
    context.out() << "  " << (about.empty() ? "everything else" : safe(about)) << " is decided by " << safe(textAt(row, "strategy")) << "\n";
  }
  Json progress = at(circle, "progress");
  if (numberAt(progress, "to_receive") > 0) {
    context.out() << "  it comes in: " << numberAt(progress, "here") << " entities are here, " << numberAt(progress, "to_receive") << " are still to come\n";
  }
  if (flagAt(circle, "decides_here") && textAt(circle, "keeper") != ownHome(context)) {
    context.out() << folded("  its keeper was not linked to this home for a minute: conflicts that a script decides are decided here too");
  }
  if (flagAt(circle, "needs_pass")) context.out() << folded("  this home was restored: connect another member before its charter is changed");
  return kDone;
}

ExitStatus create(Context& context, const CircleOptions& options) {
  Reply reply = context.send("POST", path({"circles"}), {{"name", options.name}});
  if (context.printed(reply)) return kDone;
  context.out() << safe(options.name) << " is founded; this home keeps it\n"
                << "  ask another home to join: hearthgate circle invite \"" << safe(options.name) << "\" HOME\n";
  return kDone;
}

ExitStatus invite(Context& context, const CircleOptions& options) {
  std::string home = context.otherHomeId(options.home);
  Reply reply = context.send("POST", path({"circles", context.circleId(options.circle), "invitations"}), {{"home", home}});
  if (context.printed(reply)) return kDone;
  context.out() << folded(context.homeName(home) + " is invited; there: hearthgate circle accept \"" + safe(textAt(reply.body, "name")) + "\"");
  return kDone;
}

ExitStatus accept(Context& context, const CircleOptions& options) {
  Reply reply = context.send("POST", path({"circles", context.circleId(options.circle), "accept"}));
  if (context.printed(reply)) return kDone;
  context.out() << "accepted; this home is a member as soon as the keeper has heard of it\n";
  return kDone;
}

// What is done, or waits for the keeper: then the exit status says so.
ExitStatus told(Context& context, const Reply& reply, const std::string& done) {
  if (context.printed(reply)) return reply.status == 202 ? kWaitsForPerson : kDone;
  if (reply.status != 202) {
    context.out() << done << "\n";
    return kDone;
  }
  context.out() << folded("asked; it waits for the keeper (`hearthgate circle show \"" + safe(textAt(reply.body, "name")) + "\"`)");
  return kWaitsForPerson;
}

ExitStatus leave(Context& context, const CircleOptions& options) {
  std::string circle = context.circleId(options.circle);
  std::string own = ownHome(context);
  bool member = textAt(context.get(path({"circles", circle})).body, "state") == "member";
  if (member && !context.confirmed("leave " + safe(options.circle) + "? Its content goes from this home.")) return kFailed;
  Reply reply = context.send("DELETE", path({"circles", circle, "members", own}));
  return told(context, reply, member ? "left " + safe(options.circle) : "declined");
}

ExitStatus removeMember(Context& context, const CircleOptions& options) {
  std::string circle = context.circleId(options.circle);
  std::string home = context.memberId(circle, options.home);
  return told(context, context.send("DELETE", path({"circles", circle, "members", home})), safe(options.home) + " is no member any more");
}

ExitStatus keeper(Context& context, const CircleOptions& options) {
  std::string circle = context.circleId(options.circle);
  std::string home = context.memberId(circle, options.home);
  Reply reply = context.send("PUT", path({"circles", circle, "keeper"}), {{"home", home}});
  return told(context, reply, safe(options.home) + " is the keeper");
}

// One row more, in place of the one about the same.
ExitStatus rules(Context& context, const CircleOptions& options) {
  std::string circle = context.circleId(options.circle);
  Json rules = at(context.get(path({"circles", circle})).body, "rules");
  boost::json::array rows, strategies;
  std::string home = options.home.empty() ? "" : context.memberId(circle, options.home);
  for (const auto& row : itemsAt(rules, "rows")) {
    bool same = options.strategy.empty() && textAt(row, "pattern") == options.glob && textAt(row, "home") == home;
    if (!same) rows.push_back(row);
  }
  for (const auto& row : itemsAt(rules, "strategies")) {
    if (options.strategy.empty() || textAt(row, "pattern") != options.glob) strategies.push_back(row);
  }
  if (options.strategy.empty()) {
    boost::json::object row{{"pattern", options.glob}, {"access", options.access}};
    if (!home.empty()) row["home"] = home;
    if (!options.no) rows.push_back(row);
  } else if (!options.no) {
    strategies.push_back(boost::json::object{{"pattern", options.glob}, {"strategy", options.strategy}});
  }
  Reply reply = context.send("PUT", path({"circles", circle, "rules"}), {{"rows", rows}, {"strategies", strategies}});
  return told(context, reply, "the rules of " + safe(options.circle) + " are changed");
}

ExitStatus answer(Context& context, const CircleOptions& options) {
  std::string circle = context.circleId(options.circle);
  Reply reply = context.send("POST", path({"circles", circle, "requests", options.wish}), {{"accept", !options.no}});
  if (context.printed(reply)) return kDone;
  context.out() << (options.no ? "refused\n" : "done\n");
  return kDone;
}

ExitStatus trust(Context& context, const CircleOptions& options) {
  std::string circle = context.circleId(options.circle);
  Reply reply = context.send("POST", path({"circles", circle, "members", context.memberId(circle, options.home), "trust"}));
  if (!context.printed(reply)) context.out() << "what " << safe(options.home) << " sends is taken in again\n";
  return kDone;
}

ExitStatus insist(Context& context, const CircleOptions& options) {
  Reply reply = context.send("POST", path({"circles", context.circleId(options.circle), "insist"}));
  if (!context.printed(reply)) context.out() << "this home may change " << safe(options.circle) << " again\n";
  return kDone;
}

}  // namespace

void addCircleCommands(CLI::App& program, Chosen& chosen) {
  auto* group = addGroup(program, "circle", "Things that several homes own together");
  auto options = std::make_shared<CircleOptions>();
  addCommand(*group, chosen, "list", "List circles and invitations", list);
  auto* creating = addCommand(*group, chosen, "create", "Found a circle", [=](Context& c) { return create(c, *options); });
  creating->add_option("NAME", options->name, "as people call it")->required();
  auto of_circle = [&](const char* name, const char* about, ExitStatus (*run)(Context&, const CircleOptions&)) {
    auto* command = addCommand(*group, chosen, name, about, [=](Context& c) { return run(c, *options); });
    command->add_option("CIRCLE", options->circle, "its name or id")->required();
    return command;
  };
  auto with_home = [&](CLI::App* command) { command->add_option("HOME", options->home, "its name or id")->required(); };
  of_circle("show", "Members, invitations, wishes and rules", show);
  with_home(of_circle("invite", "Ask another home to join", invite));
  of_circle("accept", "Accept an invitation", accept);
  of_circle("leave", "Leave, or decline an invitation", leave);
  with_home(of_circle("remove", "Remove a member, or take an invitation back", removeMember));
  with_home(of_circle("keeper", "Hand over the keeper's place; others ask for it, and a majority decides", keeper));
  auto* ruling = of_circle("rules", "Say who may write what, or what decides conflicts", rules);
  ruling->add_option("GLOB", options->glob, "an id, or a glob as 'light.*'")->required();
  ruling->add_option("--home", options->home, "for this member alone");
  ruling->add_option("--access", options->access, "read or write (default)")->check(CLI::IsMember({"read", "write"}));
  ruling->add_option("--strategy", options->strategy, "what decides conflicts there");
  ruling->add_flag("--drop", options->no, "take that row back");
  auto* answering = of_circle("answer", "Answer what a member asks, as the keeper", answer);
  answering->add_option("REQUEST", options->wish, "as `circle show` names it")->required();
  answering->add_flag("--no", options->no, "refuse it; or take back one's own");
  with_home(of_circle("trust", "Take in again what a member sends that forged counters", trust));
  of_circle("insist", "Change a circle after a restore though no member was seen since", insist);
}

}  // namespace hearthgate::cli
