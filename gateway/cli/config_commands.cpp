// `config …`: works on this machine's file and needs no running gateway.
#include <filesystem>

#include "base/exact_json.h"
#include "cli/commands.h"
#include "config/config.h"

namespace hearthgate::cli {
namespace {

// Where the packages put it.
constexpr const char* kDefaultFile = "/etc/hearthgate/hearthgate.yaml";

// The plugins that the running gateway has; nothing while none runs, and then sections are not checked.
std::optional<std::vector<std::string>> pluginsOfGateway(Context& context, bool asked) {
  if (!asked) return std::nullopt;
  std::vector<std::string> names;
  Json body = context.get(path({"plugins"})).body;
  for (const auto& plugin : itemsAt(body, "items")) names.push_back(textAt(plugin, "name"));
  return names;
}

ExitStatus check(Context& context, const std::string& file, bool plugins) {
  auto loaded = config::loadFile(file, config::processEnvironment(), pluginsOfGateway(context, plugins));
  if (context.json()) {
    boost::json::array items;
    for (const auto& problem : loaded.problems) {
      items.push_back(
          {{"where", problem.where}, {"key", problem.key}, {"what", problem.what}, {"allowed", problem.allowed}});
    }
    context.out() << boost::json::serialize(boost::json::object{{"valid", loaded.ok()}, {"problems", items}}) << "\n";
  } else {
    for (const auto& problem : loaded.problems) context.terminal().err << problem.text() << "\n";
    bool there = std::filesystem::exists(file);
    if (loaded.ok()) context.out() << safe(file) << (there ? ": right\n" : ": not there, so every key has its default\n");
    if (loaded.ok() && !plugins && !loaded.config.plugins.empty()) {
      context.out() << "plugins' sections: not compared with the plugins that are there; --plugins asks the gateway\n";
    }
  }
  return loaded.ok() ? kDone : kFailed;
}

ExitStatus explain(Context& context, const std::string& key, const std::string& file) {
  auto loaded = config::loadFile(file, config::processEnvironment(), std::nullopt);
  auto text = config::explain(key, &loaded);
  if (!text) {
    auto meant = config::suggestKey(key);
    context.fail("unknown_key", "there is no key " + key,
                 meant ? "did you mean " + *meant + "?" : "`hearthgate config schema` lists all");
  }
  if (context.json()) {
    boost::json::object out{{"key", key}, {"text", *text}, {"environment", config::variableOf(key)}};
    for (const auto& setting : loaded.settings) {
      if (setting.key != key) continue;
      boost::json::error_code error;
      out["value"] = parseExactJson(setting.value, error);
      out["origin"] = setting.origin.text();
    }
    context.out() << boost::json::serialize(out) << "\n";
  } else {
    context.out() << *text;
    if (!loaded.ok())
      context.out() << "\n  " << safe(file) << " has mistakes: `hearthgate config check " << safe(file) << "`\n";
  }
  return kDone;
}

}  // namespace

void addConfigCommands(CLI::App& program, Chosen& chosen) {
  auto* group = addGroup(program, "config", "The configuration file of this gateway, and configurations that a circle shares");
  auto file = std::make_shared<std::string>(kDefaultFile);
  auto key = std::make_shared<std::string>();
  auto plugins = std::make_shared<bool>(false);
  auto* checking = addCommand(*group, chosen, "check", "Check a file and the environment, without using them",
                              [=](Context& c) { return check(c, *file, *plugins); });
  checking->add_option("FILE", *file, std::string("default: ") + kDefaultFile);
  checking->add_flag("--plugins", *plugins, "compare plugins' sections with the running gateway's plugins");
  auto* explaining = addCommand(*group, chosen, "explain", "What a key means, takes and is set to",
                                [=](Context& c) { return explain(c, *key, *file); });
  explaining->add_option("KEY", *key, "as sharing.sync.port, or a section")->required();
  explaining->add_option("--config", *file, std::string("default: ") + kDefaultFile)->type_name("FILE");
  addCommand(*group, chosen, "schema", "JSON Schema of the file", [](Context& c) {
    c.out() << config::schema() << "\n";
    return kDone;
  });
}

}  // namespace hearthgate::cli
