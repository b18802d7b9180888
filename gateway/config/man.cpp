// hearthgate.yaml(5): the table of keys as a manual page.
#include "base/man_page.h"
#include "config/keys.h"

namespace hearthgate::config {

std::string manPage(std::string_view version) {
  ManPage page("hearthgate.yaml", 5, version, "configuration of a Hearthgate gateway");
  page.heading("DESCRIPTION");
  page.paragraph("The file is YAML. " + sectionHelp("") +
                 " hearthgated reads it once at its start; `hearthgate config check` finds every mistake in it, and "
                 "`hearthgate config explain KEY` shows what a key means and is set to. The packages put it at "
                 "/etc/hearthgate/hearthgate.yaml; `hearthgated --config FILE` names another.");
  page.paragraph(
      "Each key can be set by an environment variable as well, which then counts and not the file. Durations are "
      "numbers with `_s` (seconds) or `_ms` (milliseconds) at the end of their names. Unknown keys are mistakes.");
  page.heading("KEYS");
  std::string section;
  for (const Key& key : keys()) {
    size_t dot = key.path.rfind('.');
    std::string now = dot == std::string::npos ? "" : key.path.substr(0, dot);
    if (now != section && !now.empty()) page.subheading(now + ": " + sectionHelp(now));
    section = now;
    std::string fallback = std::holds_alternative<std::monostate>(key.fallback) ? "not set" : jsonText(key.fallback);
    page.term(key.path,
              key.help + "\fAllowed: " + allowedWords(key) + ". Default: " + fallback + ".\f" + variableOf(key.path));
  }
  page.subheading("plugins: " + sectionHelp("plugins"));
  page.paragraph(
      "A plugin's own settings are described with the plugin. A section without a plugin of its name is a mistake.");
  page.heading("EXAMPLE");
  page.literal(
      "name: Beach\nsharing:\n  sync:\n    port: 8765\nstorage:\n  durability: normal\n  commit_interval_ms: 200\n");
  page.heading("SEE ALSO").paragraph("hearthgate(1), hearthgated(8)");
  return page.text();
}

}  // namespace hearthgate::config
