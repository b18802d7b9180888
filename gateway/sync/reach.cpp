#include "sync/reach.h"

#include <algorithm>

#include "base/utf8.h"
#include "sync/tuning.h"

namespace hearthgate::sync {
namespace {

using Verdict = ReachStep::Verdict;

struct Told {
  std::string detail;
  std::string next_action;
};

std::string setAddress(const std::string& name) { return "`hearthgate home set " + name + " --at ADDRESS:PORT`"; }

// What another program said; of a transport, what stands behind the address.
std::string quoted(const DialNote& dial) {
  const size_t behind = dial.message.rfind(dial.address + ": ");
  std::string text = displayName(behind == std::string::npos ? dial.message : dial.message.substr(behind + dial.address.size() + 2),
                                 kMaxReasonBytes);
  if (text.empty()) return "";
  return " (" + (text.back() == '.' ? text.substr(0, text.size() - 1) : text) + ")";
}

std::string portOf(const std::string& address) { return address.substr(address.rfind(':') + 1); }

Told atName(const std::string& name, const DialNote& dial) {
  if (dial.code == "bad_address") {
    return {dial.address + " is no address that can be dialled.", "Correct it: " + setAddress(name) + "."};
  }
  return {"This machine's resolver does not know the name in " + dial.address + quoted(dial) + ".",
          "Correct it, or give a numeric address: " + setAddress(name) + ". When no name is known at all, look at this machine's DNS."};
}

Told atAddress(const std::string& name, const DialNote& dial) {
  return {"No way leads from here to " + dial.address + quoted(dial) + ".",
          "Look whether this machine's network is up, and whether " + name +
              " is switched on and in a network that is reached from here (a guest network or a VLAN keeps homes apart). If it has moved: " +
              setAddress(name) + "."};
}

Told atTcp(const std::string& name, const DialNote& dial) {
  if (dial.code == "refused") {
    return {"A machine answers at " + dial.address + ", but nothing listens at that port.",
            "Look whether hearthgated runs at " + name + ", and at which port (`hearthgate config explain sharing.sync.port` there); a "
            "firewall may refuse it too. If the port is another one: " + setAddress(name) + "."};
  }
  if (!dial.code.empty() && dial.code != "timeout") {
    return {"No connection to " + dial.address + " came about" + quoted(dial) + ".",
            "Look whether " + name + " can be reached there; if it has moved: " + setAddress(name) + "."};
  }
  return {"Nobody answers at " + dial.address + ".",
          "Look whether " + name + " is switched on. If it is, a firewall there or on the way drops TCP port " + portOf(dial.address) +
              ", or it has moved: " + setAddress(name) + "."};
}

Told atWebSocket(const std::string& name, const DialNote& dial) {
  if (dial.code == "http_429") {
    return {"A home answers at " + dial.address + ", but takes no further link of strangers now (HTTP status 429).",
            "Nothing: it is tried again by itself. If it stays so, raise sharing.sync.unauthenticated_links at " + name + "."};
  }
  if (dial.code == "http_503") {
    return {"What answers at " + dial.address + " is starting or stopping (HTTP status 503).",
            "Nothing: it is tried again by itself. If it stays so, look whether hearthgated runs at " + name + "."};
  }
  return {"What answers at " + dial.address + " is no Hearthgate" + quoted(dial) + ".",
          "Look which program has that port there, and at which port hearthgated listens: " + setAddress(name) +
              ". A proxy on the way has to pass WebSockets on."};
}

Told atTls(const std::string& name, const DialNote& dial) {
  const bool silent = dial.code.empty() || dial.code == "timeout";
  return {silent ? "What answers at " + dial.address + " opens a link and then says nothing."
                 : "What answers at " + dial.address + " does not shake hands as a home does" + quoted(dial) + ".",
          "Look whether it is " + name + ", and of a version that fits (`hearthgate status` there): " + setAddress(name) + "."};
}

Told atPinned(const std::string& name, const DialNote& dial) {
  if (dial.code == "key_not_pinned") {
    return {"Another key than the pinned one answers at " + dial.address + ": it is another home, or " + name + " has a new key.",
            refusedAction(name, dial.code)};
  }
  return {name + " answers at " + dial.address + " and refuses this home, whose key it does not know (any more).",
          refusedAction(name, "not_paired")};
}

Told atLevel(const std::string& name, const DialNote& dial) {
  std::string action = refusedAction(name, dial.code);
  if (dial.code.empty() || dial.code == "timeout") {
    return {name + " shakes hands at " + dial.address + " and then says no hello.",
            action.empty() ? "It is tried again by itself; if it stays so, start the gateway of " + name + " anew." : action};
  }
  if (action.empty()) {
    action = dial.code == "storage" ? "Look at the disks of both homes: `hearthgate doctor` at " + name + " and here."
                                    : "It is tried again by itself; if it stays so, `hearthgate doctor` at " + name + " may know more.";
  }
  return {"The link to " + name + " at " + dial.address + " ended" + quoted(dial) + ".", action};
}

Told failure(const std::string& name, const DialNote& dial) {
  switch (dial.stopped) {
    case Step::kName: return atName(name, dial);
    case Step::kAddress: return atAddress(name, dial);
    case Step::kTcp: return atTcp(name, dial);
    case Step::kWebSocket: return atWebSocket(name, dial);
    case Step::kTls: return atTls(name, dial);
    case Step::kPinned: return atPinned(name, dial);
    case Step::kLevel: break;
  }
  return atLevel(name, dial);
}

// What has been passed when a later step failed, or none.
std::string success(const LinkFacts& link, Step step, const std::string& address) {
  const bool called = link.state == "connected" && !link.dialled;
  switch (step) {
    case Step::kName: return called ? link.name + " dialled this home." : "Its address " + address + " is known.";
    case Step::kAddress: return called ? "It came from " + address + "." : "A way leads to " + address + ".";
    case Step::kTcp: return called ? "The connection stands." : "The port is open.";
    case Step::kWebSocket: return "A link is open.";
    case Step::kTls: return "The link is encrypted.";
    case Step::kPinned: return "Each has the other's key.";
    case Step::kLevel: break;
  }
  return "Both said hello.";
}

// The dial that led furthest.
const DialNote* furthest(const std::vector<DialNote>& dials) {
  auto best = std::max_element(dials.begin(), dials.end(),
                               [](const DialNote& a, const DialNote& b) { return a.stopped < b.stopped; });
  return best == dials.end() ? nullptr : &*best;
}

}  // namespace

std::string_view stepName(Step step) {
  switch (step) {
    case Step::kName: return "name";
    case Step::kAddress: return "address";
    case Step::kTcp: return "tcp";
    case Step::kWebSocket: return "websocket";
    case Step::kTls: return "tls";
    case Step::kPinned: return "pinned";
    case Step::kLevel: break;
  }
  return "level";
}

Step stepOf(std::string_view code, bool opened, bool established) {
  if (code == "not_paired" || code == "key_not_pinned" || code == "forgotten") return Step::kPinned;
  if (established) return Step::kLevel;
  if (opened) return Step::kTls;
  if (code == "bad_address" || code == "name_unknown") return Step::kName;
  if (code == "unreachable") return Step::kAddress;
  if (code == "upgrade_timeout" || code == "not_a_websocket" || code == "lost" || code.starts_with("http_")) return Step::kWebSocket;
  return Step::kTcp;
}

std::vector<ReachStep> reachSteps(const LinkFacts& link) {
  if (link.state != "connected" && (!link.any_transport || link.kept_apart)) return {};
  std::vector<ReachStep> steps;
  if (link.state != "connected" && !link.has_address) {
    steps.push_back({Step::kName, Verdict::kFailed, "No address of " + link.name + " is known, so it is waited for.",
                     setAddress(link.name) + ", or wait until it connects."});
  }
  // It is not dialled before a person has decided.
  const bool blocked = link.state == "refused" && link.dials.empty();
  const DialNote* best = furthest(link.dials);
  const std::string address = link.state == "connected" ? link.remote_address : best ? best->address : "";
  for (Step step : kSteps) {
    if (!steps.empty() && steps.back().step == step) continue;
    const bool over = !steps.empty() && steps.back().verdict != Verdict::kOk;
    if (over) {
      steps.push_back({step, Verdict::kSkipped, "It did not come to that.", ""});
    } else if (link.state == "connected") {
      const bool waits = step == Step::kLevel && !link.hello;
      steps.push_back({step, waits ? Verdict::kSkipped : Verdict::kOk, waits ? "The hellos are on their way." : success(link, step, address), ""});
    } else if (blocked && step == Step::kPinned) {
      Refusal refused = refusal(link.name, link.refused_reason);
      steps.push_back({step, Verdict::kFailed, std::move(refused.detail), std::move(refused.next_action)});
    } else if (blocked) {
      steps.push_back({step, Verdict::kOk, "Nothing is tried before a person has decided.", ""});
    } else if (!best) {
      steps.push_back({step, Verdict::kSkipped, "It is being tried for the first time.", ""});
    } else if (step < best->stopped) {
      steps.push_back({step, Verdict::kOk, success(link, step, address), ""});
    } else {
      Told told = failure(link.name, *best);
      for (const DialNote& other : link.dials) {
        if (&other != best) told.detail += " " + failure(link.name, other).detail;
      }
      steps.push_back({step, Verdict::kFailed, std::move(told.detail), std::move(told.next_action)});
    }
  }
  return steps;
}

std::optional<ReachStep> failedStep(const LinkFacts& link) {
  for (ReachStep& step : reachSteps(link)) {
    if (step.verdict == Verdict::kFailed) return std::move(step);
  }
  return std::nullopt;
}

Refusal refusal(const std::string& name, const std::string& reason) {
  if (reason == "not_paired" || reason == "forgotten") {
    return {name + (reason == "forgotten" ? " said that it forgot this home." : " does not know this home any more."),
            "Pair again, or `hearthgate home forget` it here."};
  }
  if (reason == "key_not_pinned") {
    return {"Another key than the pinned one answers at the addresses of " + name + ": it is another home, or has a new key.",
            "Correct the addresses (`hearthgate home set --at`), or, if it really has a new key, `hearthgate home forget` it and pair "
            "again."};
  }
  if (reason == "identity_fork") {
    return {"Two different keys of " + name + " are about, so somebody has its key, and nothing is exchanged with it.",
            "Run `hearthgate key rotate --compromised` at " + name + ", or pair it again."};
  }
  if (reason == "superseded") {
    return {"Two machines share one identity, of this home or of " + name + ".", "Switch the older copy off."};
  }
  if (reason == "identity") {
    return {name + " claims an id that is not the one of its key.", "`hearthgate home forget` it and pair again."};
  }
  if (reason == "protocol_version") {
    return {"This home and " + name + " speak no common version of the protocol.", "Update the older one of the two gateways."};
  }
  if (reason == "held_quota") {
    return {"Too many versions of " + name + " are held back here.", "Check that the clocks of both homes are right."};
  }
  return {"The link to " + name + " is refused: " + reason + ".", ""};
}

std::string refusedAction(const std::string& name, const std::string& reason) { return refusal(name, reason).next_action; }

}  // namespace hearthgate::sync
