// The networks: whether this home is heard on them, and whether its ports are open.
#include <algorithm>

#include "api/doctor.h"
#include "api/port_check.h"
#include "api/tuning.h"
#include "base/utf8.h"

namespace hearthgate::api {
namespace {

using Interface = NetworkLook::Interface;

// Whether this home is heard on one interface.
Finding heardOn(const Gateway& gateway, const Interface& interface, const NetworkLook& look) {
  const std::string name = displayName(interface.name);
  Finding finding{"mdns." + name, "multicast on " + name, Verdict::kSkipped, "", ""};
  const std::string& listen = gateway.parts.configuration.config.sharing.sync.listen;
  if (interface.heard) {
    finding.verdict = Verdict::kOk;
    finding.detail = "What this home announces there comes back.";
  } else if (interface.point_to_point) {
    finding.detail = "It leads to one other machine only.";
  } else if (interface.addresses.empty()) {
    finding.detail = "It has no address.";
  } else if (!interface.running) {
    finding.detail = "No cable, or no wireless network.";
  } else if (!interface.multicast) {
    finding.verdict = Verdict::kWarn;
    finding.detail = "It carries no multicast, so homes on it are not found.";
    finding.next_action = "`ip link set " + name + " multicast on`, where the network can do it; or give addresses: `hearthgate home set HOME --at ADDRESS:PORT`.";
  } else if (!interface.announced) {
    finding.detail = "Not announced there: sharing.sync.listen is " + listen + ", and it has no such address.";
  } else if (!look.problem.empty()) {
    finding.detail = "It did not come to that.";
  } else {
    finding.verdict = Verdict::kFail;
    finding.detail = "What this home announces there does not come back.";
    finding.next_action = "A firewall of this machine drops multicast DNS, most likely: let UDP port 5353 in and out on " + name +
                          " (to 224.0.0.251 and ff02::fb). Addresses work without: `hearthgate home set HOME --at ADDRESS:PORT`.";
  }
  return finding;
}

struct Port {
  std::string id;
  std::string about;
  std::string next_action;
  Endpoint endpoint;
};

// At each address that a listener at `listen` is reached at.
void addPorts(const NetworkLook& look, const std::string& listen, uint16_t port, const Port& like, std::vector<Port>* all) {
  auto add = [&](const std::string& address) {
    if (all->size() == kDoctorMaxPorts) return;
    Port one = like;
    one.id += displayName(address);
    one.endpoint = {address, port};
    all->push_back(std::move(one));
  };
  if (listen != "0.0.0.0" && listen != "::") return add(listen);
  size_t before = all->size();
  for (bool loopback : {false, true}) {
    if (loopback && all->size() != before) return;
    for (const Interface& interface : look.interfaces) {
      if (interface.loopback != loopback) continue;
      for (const std::string& address : interface.addresses) {
        if (listen == "::" || address.find(':') == std::string::npos) add(address);
      }
    }
  }
}

}  // namespace

void checkNetwork(Gateway& gateway, const NetworkLook& look, Findings* all) {
  Finding finding{"announcement", "announcement of this home", Verdict::kOk, "", ""};
  if (!look.off.empty()) {
    finding.verdict = Verdict::kSkipped;
    finding.detail = "Nothing is announced or looked for, because " + look.off + "; homes are reached by their addresses.";
  } else if (!look.problem.empty()) {
    finding.verdict = Verdict::kFail;
    finding.detail = "This home is not announced: " + displayName(look.problem, 400) + ".";
    finding.next_action = "The gateway's log has more; `hearthgate plugin reload lan` begins multicast DNS anew. Addresses work without: "
                          "`hearthgate home set HOME --at ADDRESS:PORT`.";
  } else if (look.name.empty()) {
    finding.verdict = Verdict::kWarn;
    finding.detail = "This home is not announced yet.";
    finding.next_action = "Ask again in some seconds; if it stays so, look at the gateway's log.";
  } else {
    finding.detail = "It is announced as " + displayName(look.name) + ".";
  }
  all->push_back(std::move(finding));
  if (!look.off.empty()) return;
  for (const Interface& interface : look.interfaces) {
    if (!interface.loopback || interface.announced) all->push_back(heardOn(gateway, interface, look));
  }
}

void checkPorts(Gateway& gateway, const NetworkLook& look, Findings* all) {
  std::vector<Port> ports;
  for (const PluginItem& plugin : gateway.parts.plugins.list()) {
    if (plugin.state != "running") continue;
    for (const auto& listener : plugin.listeners) {
      size_t colon = listener.address.rfind(':');
      if (listener.name != "links" || colon == std::string::npos) continue;
      std::string host = listener.address.substr(0, colon);
      if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
      auto port = static_cast<uint16_t>(std::strtoul(listener.address.c_str() + colon + 1, nullptr, 10));
      addPorts(look, host, port,
               {"port.sync.", "port for other homes",
                "`hearthgate plugin reload " + plugin.name + "`; if it stays so, look for a firewall of this machine that drops TCP port " +
                    std::to_string(port) + ".",
                {}},
               &ports);
    }
  }
  addPorts(look, gateway.settings.listen, gateway.settings.port,
           {"port.admin.", "port of the admin page", "Look for a firewall of this machine, and whether admin.listen is still one of its addresses.", {}},
           &ports);
  std::vector<Endpoint> endpoints;
  for (const Port& port : ports) endpoints.push_back(port.endpoint);
  std::vector<std::string> why = whyNotTaken(endpoints, kDoctorPorts);
  for (size_t i = 0; i < ports.size(); ++i) {
    const Endpoint& at = ports[i].endpoint;
    bool six = at.address.find(':') != std::string::npos;
    std::string where = (six ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
    if (why[i].empty()) {
      all->push_back({ports[i].id, ports[i].about, Verdict::kOk, "Connections to " + where + " are taken.", ""});
    } else {
      all->push_back({ports[i].id, ports[i].about, Verdict::kFail,
                      "Connections to " + where + " are not taken, not even from this machine: " + why[i] + ".", ports[i].next_action});
    }
  }
}

}  // namespace hearthgate::api
