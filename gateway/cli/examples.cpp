// Examples for the help of commands and for the manual page. A test parses every one of them.
#include <map>

#include "cli/program.h"

namespace hearthgate::cli {

std::vector<std::string> examplesOf(const std::string& words) {
  static const std::map<std::string, std::vector<std::string>> table{
      {"status", {"hearthgate status", "hearthgate --data ./beach status --json"}},
      {"doctor", {"hearthgate doctor"}},
      {"why", {"hearthgate why light.kitchen Beach"}},
      {"entity list", {"hearthgate entity list --kind state --owner Beach", "hearthgate entity list --as Beach"}},
      {"entity get", {"hearthgate entity get light.kitchen@Beach"}},
      {"entity set",
       {"hearthgate entity set light.kitchen state=on brightness:=128",
        "hearthgate entity set light.kitchen color:=null"}},
      {"entity delete", {"hearthgate entity delete light.kitchen --yes"}},
      {"entity history", {"hearthgate entity history light.kitchen"}},
      {"entity diff", {"hearthgate entity diff light.kitchen 4bq7xk2n", "hearthgate entity diff light.kitchen 4bq7xk2n h76txnbi"}},
      {"entity restore", {"hearthgate entity restore light.kitchen 4bq7xk2n"}},
      {"entity register", {"hearthgate entity register light.attic state=off --kind state"}},
      {"entity unregister", {"hearthgate entity unregister light.attic"}},
      {"entity strategy", {"hearthgate entity strategy light.kitchen merge --here-only"}},
      {"share",
       {"hearthgate share light.kitchen Beach --write", "hearthgate share 'light.*' Beach --until +2h",
        "hearthgate share light.bedroom Beach --none"}},
      {"unshare", {"hearthgate unshare light.kitchen Beach"}},
      {"grants", {"hearthgate grants"}},
      {"home list", {"hearthgate home list"}},
      {"home set",
       {"hearthgate home set Beach --at 192.0.2.7:8765 --name 'Beach house'",
        "hearthgate home set Beach --bandwidth 200000"}},
      {"home sync", {"hearthgate home sync Beach"}},
      {"home connect", {"hearthgate home connect Beach"}},
      {"home disconnect", {"hearthgate home disconnect Beach"}},
      {"home confirm", {"hearthgate home confirm"}},
      {"home forget", {"hearthgate home forget Beach"}},
      {"pair", {"hearthgate pair --ttl 600"}},
      {"join", {"hearthgate join HEARTH-XXXX-XXXX-XXXX-XXXX --at 192.0.2.7:8765", "hearthgate join -"}},
      {"conflict list", {"hearthgate conflict list --state all --entity light.kitchen"}},
      {"conflict show", {"hearthgate conflict show 3"}},
      {"conflict resolve",
       {"hearthgate conflict resolve 3 --take 4bq7xk2n",
        "hearthgate conflict resolve 3 --fields '{\"state\":\"on\"}'"}},
      {"strategy list", {"hearthgate strategy list"}},
      {"strategy use", {"hearthgate strategy use merge --glob 'calendar.*'"}},
      {"strategy drop", {"hearthgate strategy drop --glob 'calendar.*'"}},
      {"strategy rules", {"hearthgate strategy rules"}},
      {"plugin list", {"hearthgate plugin list"}},
      {"plugin enable", {"hearthgate plugin enable lan"}},
      {"plugin disable", {"hearthgate plugin disable lan"}},
      {"plugin reload", {"hearthgate plugin reload lan"}},
      {"key show", {"hearthgate key show"}},
      {"key rotate", {"hearthgate key rotate", "hearthgate key rotate --compromised"}},
      {"token rotate", {"hearthgate token rotate --yes"}},
      {"audit", {"hearthgate audit --actor Beach --since 2030-01-31T18:00:00Z"}},
      {"config check", {"hearthgate config check ./hearthgate.yaml"}},
      {"config explain", {"hearthgate config explain sharing.sync.port"}},
      {"config schema", {"hearthgate config schema"}},
      {"words", {"hearthgate words"}},
      {"words confirm", {"hearthgate words confirm"}},
      {"watch", {"hearthgate watch --types entity,conflict --prefix light."}},
      {"report", {"hearthgate report --output report.json"}},
      {"completion", {"hearthgate completion bash"}},
      {"man", {"hearthgate man hearthgate.yaml"}}};
  auto found = table.find(words);
  return found == table.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace hearthgate::cli
