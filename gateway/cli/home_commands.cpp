// `home …`.
#include <charconv>

#include "cli/commands.h"
#include "cli/table.h"

namespace hearthgate::cli {
namespace {

struct HomeOptions {
  std::string home, name;
  bool named = false;
  std::vector<std::string> at;
  std::string bandwidth;
};

ExitStatus list(Context& context) {
  if (context.json()) {
    context.printed(context.get(path({"homes"}) + query({{"limit", "1000"}})));
    return kDone;
  }
  Table table({"HOME", "ID", "STATE", "TO SEND", "TO RECEIVE", "ADDRESS"});
  for (const auto& home : context.all(path({"homes"}))) {
    const auto& addresses = itemsAt(home, "addresses");
    std::string reason = textAt(home, "refused_reason");
    const Json& lag = at(home, "lag");
    table.add({safe(textAt(home, "name")), safe(textAt(home, "id").substr(0, 8)),
               safe(textAt(home, "state")) + (reason.empty() ? "" : ": " + safe(reason)), readable(at(lag, "to_send")),
               readable(at(lag, "to_receive")), addresses.empty() ? "-" : safe(textAt(addresses[0], "address"))});
  }
  table.print(context.out(), "no other homes; `hearthgate pair` invites one, `hearthgate join CODE` joins one");
  return kDone;
}

ExitStatus set(Context& context, const HomeOptions& options) {
  if (!options.named && options.at.empty() && options.bandwidth.empty()) {
    context.misuse("nothing to set; give --at, --name or --bandwidth");
  }
  int64_t bandwidth = 0;
  const std::string& text = options.bandwidth;
  bool by_default = text == "default";
  if (!text.empty() && !by_default) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bandwidth);
    if (error != std::errc{} || end != text.data() + text.size() || bandwidth < 0) {
      context.misuse("--bandwidth takes bytes a second, 0 for no limit, or `default`");
    }
  }
  std::string id = context.otherHomeId(options.home);
  boost::json::object body;
  if (options.named) body["name"] = options.name;
  if (!options.at.empty()) body["addresses"] = boost::json::array(options.at.begin(), options.at.end());
  if (by_default) body["bandwidth_limit"] = nullptr;
  if (!text.empty() && !by_default) body["bandwidth_limit"] = bandwidth;
  Reply reply = context.send("PATCH", path({"homes", id}), body);
  if (context.printed(reply)) return kDone;
  context.out() << "set " << safe(options.home) << "\n";
  if (text.empty()) return kDone;
  int64_t limit = numberAt(reply.body, "bandwidth_limit");
  context.out() << (limit > 0 ? "  at most " + number(limit) + " bytes a second are sent to it" : "  no limit of bandwidth")
                << (by_default ? ", as the configuration says\n" : "\n");
  return kDone;
}

// Whether anything that both homes have waits for a person here.
bool waitsWith(Context& context, const std::string& home) {
  bool waits = false;
  context.each(path({"entities"}) + query({{"conflicted", "true"}}), [&](const Json& entity) {
    if (textAt(entity, "owner") == home) waits = true;
    for (const auto& grant : itemsAt(entity, "shared_with")) {
      if (textAt(grant, "home") == home) waits = true;
    }
  });
  return waits;
}

ExitStatus sync(Context& context, const HomeOptions& options) {
  std::string id = context.otherHomeId(options.home);
  Reply reply = context.send("POST", path({"homes", id, "sync"}));
  bool level = flagAt(reply.body, "level");
  bool waits = level && waitsWith(context, id);
  if (!context.printed(reply)) {
    auto& out = context.out();
    std::string reason = textAt(reply.body, "reason");
    out << (level ? "level with " : "not level with ") << context.homeName(id)
        << (level || reason.empty() ? "" : ": " + safe(reason)) << "\n";
    int64_t held = numberAt(reply.body, "held");
    int64_t refused = numberAt(reply.body, "refused");
    if (held > 0) out << number(held) << (held == 1 ? " version is held\n" : " versions are held\n");
    if (refused > 0) out << number(refused) << (refused == 1 ? " version was refused\n" : " versions were refused\n");
    if (waits) out << "Something is in conflict and waits for a person: `hearthgate conflict list`.\n";
  }
  return !level ? kFailed : waits ? kWaitsForPerson : kDone;
}

// What is announced on the local networks, the same home once for each way to it.
ExitStatus discovered(Context& context) {
  if (context.json()) {
    context.printed(context.get(path({"discovered"})));
    return kDone;
  }
  // A link-local address names its interface; of the others there is room for none.
  Table table({"HOME", "ID", "ADDRESS", "STATE"}, {2, 3});
  context.each(path({"discovered"}), [&](const Json& item) {
    std::string address = textAt(item, "address");
    std::string port = std::to_string(numberAt(item, "port"));
    std::string id8 = textAt(item, "id8");
    std::string known = textAt(item, "known_home");
    std::string name = textAt(item, "name");
    // It told no name: the one that is left says no more than the id.
    if (name == "hearthgate-" + id8) name = known.empty() ? "-" : context.homeName(known);
    std::string state = known.empty() ? "here" : "known";
    if (flagAt(item, "pair")) state = "shows a code";
    if (textAt(item, "state") != "here") state = "last seen " + dayAndMinute(textAt(item, "last_seen"));
    table.add({safe(name), safe(id8), safe(address.find(':') == std::string::npos ? address + ":" + port : "[" + address + "]:" + port),
               state});
  });
  table.print(context.out(), "nothing is announced on the local networks; other homes are found while they run");
  return kDone;
}

ExitStatus act(Context& context, const HomeOptions& options, const std::string& verb, const std::string& done) {
  std::string id = context.otherHomeId(options.home);
  Reply reply = context.send("POST", path({"homes", id, verb}));
  if (!context.printed(reply)) context.out() << done << " " << safe(options.home) << "\n";
  return kDone;
}

ExitStatus forget(Context& context, const HomeOptions& options) {
  std::string id = context.otherHomeId(options.home);
  if (!context.confirmed("forget " + context.homeName(id) + " (" + id + ")? To meet again you have to pair again.")) {
    return kFailed;
  }
  Reply reply = context.send("DELETE", path({"homes", id}));
  if (!context.printed(reply)) context.out() << "forgot " << safe(options.home) << "\n";
  return kDone;
}

// A data folder that was put back brings homes and grants with it that may have been taken away since.
ExitStatus confirm(Context& context) {
  Reply reply = context.get(path({"restore"}));
  if (!flagAt(reply.body, "held")) {
    context.fail("restore_not_held", "there is no restored data folder here that waits to be confirmed");
  }
  Table table({"NAME", "ID", "GRANTS"});
  for (const auto& home : itemsAt(reply.body, "homes")) {
    table.add({safe(textAt(home, "name")), safe(textAt(home, "id")), number(numberAt(home, "grants"))});
  }
  if (!context.json()) table.print(context.out(), "it brings back no home");
  context.out() << std::flush;
  if (!context.confirmed("Are these the homes, and `hearthgate grants` what they may have? If not: `hearthgate home forget`, "
                         "`hearthgate unshare`.")) {
    return kFailed;
  }
  Reply done = context.send("POST", path({"restore", "confirm"}));
  if (!context.printed(done)) context.out() << "confirmed; what was held is sent\n";
  return kDone;
}

}  // namespace

void addHomeCommands(CLI::App& program, Chosen& chosen) {
  addCommand(program, chosen, "discovered", "List what is announced on the local networks", discovered);
  auto* group = addGroup(program, "home", "Other homes");
  auto options = std::make_shared<HomeOptions>();
  auto home = [&](CLI::App* command) {
    command->add_option("HOME", options->home, "its name or id")->required();
    return command;
  };
  addCommand(*group, chosen, "list", "List the homes that are known", list);
  auto* setting = home(
      addCommand(*group, chosen, "set", "Set its addresses, name or bandwidth", [=](Context& c) { return set(c, *options); }));
  setting->add_option("--at", options->at, "ADDRESS:PORT, several times for several")->take_all();
  setting->add_option("--name", options->name, "what it is called here")->each([options](const std::string&) {
    options->named = true;
  });
  setting->add_option("--bandwidth", options->bandwidth, "bytes a second to it, 0 for no limit, or `default`")
      ->type_name("RATE");
  home(addCommand(*group, chosen, "sync", "Wait until both are level", [=](Context& c) { return sync(c, *options); }));
  home(addCommand(*group, chosen, "connect", "Connect now, and again after `disconnect`",
                  [=](Context& c) { return act(c, *options, "connect", "connecting to"); }));
  home(addCommand(*group, chosen, "disconnect", "Stay apart until `connect`, over restarts",
                  [=](Context& c) { return act(c, *options, "disconnect", "disconnected from"); }));
  addCommand(*group, chosen, "confirm", "After a restore: say that homes and grants are right", confirm);
  home(addCommand(*group, chosen, "forget", "End the pairing", [=](Context& c) { return forget(c, *options); }));
}

}  // namespace hearthgate::cli
