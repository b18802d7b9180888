// `status`, `why` and `doctor`.
#include <algorithm>
#include <map>

#include "cli/commands.h"
#include "cli/table.h"
#include "cli/tuning.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

std::string duration(int64_t seconds) {
  if (seconds < 120) return number(seconds) + " s";
  if (seconds < 7200) return number(seconds / 60) + " min";
  if (seconds < 172'800) return number(seconds / 3600) + " h";
  return number(seconds / 86'400) + " days";
}

// Why a home is not connected, when that is known.
std::string stateOf(const Json& home) {
  std::string reason = textAt(home, "refused_reason");
  if (flagAt(home, "kept_apart")) reason = "kept apart, `home connect` ends that";
  return safe(textAt(home, "state")) + (reason.empty() ? "" : " (" + safe(reason) + ")");
}

ExitStatus showStatus(Context& context) {
  Reply reply = context.get(path({"status"}));
  if (context.printed(reply)) return kDone;
  const Json& status = reply.body;
  auto& out = context.out();
  const Json& home = at(status, "home");
  out << "Hearthgate " << safe(textAt(status, "version")) << "\n";
  printField(out, "home", safe(textAt(home, "name")));
  // Whole, because it is what one copies.
  out << "  id            " << safe(textAt(home, "id")) << "\n";
  printField(out, "keys", flagAt(status, "keys_sealed") ? "sealed with a passphrase" : "not sealed");
  printField(out, "running for", duration(numberAt(status, "uptime_s")));
  printField(out, "homes",
             number(numberAt(at(status, "homes"), "connected")) + " of " +
                 number(numberAt(at(status, "homes"), "known")) + " connected");
  printField(out, "entities", number(numberAt(status, "entities")));
  printField(out, "conflicts", number(numberAt(status, "conflicts_open")) + " open");
  std::string plugins;
  for (const auto& plugin : itemsAt(status, "plugins")) {
    std::string name = plugin.is_object() ? textAt(plugin, "name") : readable(plugin);
    std::string state = textAt(plugin, "state");
    plugins += (plugins.empty() ? "" : ", ") + safe(name) + (state.empty() || state == "running" ? "" : " (" + safe(state) + ")");
  }
  printField(out, "plugins", plugins.empty() ? "none" : plugins);
  for (const auto& home_item : context.all(path({"homes"}))) {
    const Json& lag = at(home_item, "lag");
    std::string line = "  ";
    line.append(context.homeName(textAt(home_item, "id"))).append(": ").append(stateOf(home_item));
    line.append(", to send ").append(number(numberAt(lag, "to_send")));
    line.append(", to receive ").append(number(numberAt(lag, "to_receive")));
    for (const char* kept : {"held", "refused"}) {
      if (numberAt(lag, kept) > 0) line.append(", ").append(number(numberAt(lag, kept))).append(" ").append(kept);
    }
    if (int64_t limit = numberAt(home_item, "bandwidth_limit"); limit > 0)
      line.append(", at most ").append(number(limit)).append(" bytes a second");
    out << folded(line);
  }
  for (const auto& item : itemsAt(status, "attention")) {
    std::string detail = item.is_object() ? textAt(item, "detail") : "";
    // Whole, even over a line's end: it says what to do.
    out << folded("  attention: " + (detail.empty() ? readable(item) : safe(detail)));
  }
  return kDone;
}

// A verdict as people say it.
std::string verdictText(const std::string& verdict) {
  if (verdict == "on_its_way") return "on its way";
  if (verdict == "not_shared") return "not shared";
  return safe(verdict);
}

void showSteps(Context& context, const Json& why) {
  auto& out = context.out();
  out << folded(context.homeName(textAt(why, "home")) + ": " + verdictText(textAt(why, "verdict")));
  for (const auto& step : itemsAt(why, "steps")) {
    std::string since = textAt(step, "since");
    std::string gate = safe(textAt(step, "gate"));
    gate.resize(std::max<size_t>(gate.size(), 12), ' ');
    std::string line = "  ";
    line.append(flagAt(step, "passed") ? "yes  " : "NO   ").append(gate).append("  ").append(safe(textAt(step, "detail")));
    if (!since.empty()) line.append(" (since ").append(toSeconds(since)).append(")");
    out << folded(line);
  }
  std::string next = textAt(why, "next_action");
  if (!next.empty()) out << folded("  next: " + safe(next));
}

ExitStatus showWhy(Context& context, const std::string& entity, const std::string& home) {
  std::string target = path({"entities", context.entity(entity), "why"});
  if (!home.empty()) target += query({{"home", context.homeId(home)}});
  Reply reply = context.ask("GET", target);
  bool known_problem = reply.code() == "entity_not_found" || reply.code() == "home_not_found";
  if (reply.status == 404 && !known_problem) {
    context.fail("not_served", "this version of the gateway does not answer `why`",
                 "`hearthgate grants` and `hearthgate home list` show what is shared and who is connected");
  }
  if (!reply.ok()) context.stopAt(reply);
  if (context.printed(reply)) return kDone;
  if (!home.empty()) {
    showSteps(context, reply.body);
  } else {
    const auto& items = itemsAt(reply.body, "items");
    for (const auto& item : items) showSteps(context, item);
    if (items.empty()) context.out() << "no other homes are known; `hearthgate pair` invites one\n";
  }
  return kDone;
}

std::string markOf(const std::string& verdict) {
  std::string mark = verdict == "warn" ? "WARN" : verdict == "fail" ? "FAIL" : verdict == "skipped" ? "-" : safe(verdict);
  mark.resize(std::max<size_t>(mark.size(), 4), ' ');
  return mark;
}

void showFinding(std::ostream& out, const Json& item) {
  constexpr size_t kAbout = 26;
  std::string about = fit(safe(textAt(item, "about")), kAbout);
  about.append(kAbout - width(about), ' ');
  out << folded("  " + markOf(textAt(item, "verdict")) + "  " + about + "  " + safe(textAt(item, "detail")));
  std::string next = textAt(item, "next_action");
  if (!next.empty()) out << folded("        next: " + safe(next));
}

ExitStatus showDoctor(Context& context) {
  Reply reply = context.get(path({"doctor"}));
  const std::string worst = textAt(reply.body, "worst");
  const ExitStatus status = worst == "ok" ? kDone : kFailed;
  if (context.printed(reply)) return status;
  std::map<std::string, size_t> counts;
  for (const auto& item : itemsAt(reply.body, "items")) {
    showFinding(context.out(), item);
    ++counts[textAt(item, "verdict")];
  }
  context.out() << counts["ok"] << " ok, " << counts["skipped"] << " skipped, " << counts["warn"] << " to look at, "
                << counts["fail"] << " failed\n";
  return status;
}

}  // namespace

void addStatusCommands(CLI::App& program, Chosen& chosen) {
  addCommand(program, chosen, "status", "This home at a glance", showStatus);
  addCommand(program, chosen, "doctor", "Look for what is wrong, and say what to do", showDoctor);
  auto entity = std::make_shared<std::string>();
  auto home = std::make_shared<std::string>();
  auto* why = addCommand(program, chosen, "why", "Why an entity is or is not level at another home",
                         [=](Context& context) { return showWhy(context, *entity, *home); });
  why->add_option("ENTITY", *entity, "id or id@OWNER")->required();
  why->add_option("HOME", *home, "one home; all without it");
}

}  // namespace hearthgate::cli
