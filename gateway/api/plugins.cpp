// GET /plugins, POST /plugins/{name}/enable|disable|reload.
#include "api/plugins.h"

#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"

namespace hearthgate::api {
namespace {

Result<Answer> list(Gateway& gateway, Call&) {
  std::vector<std::string> items;
  for (const PluginItem& plugin : gateway.parts.plugins.list()) items.push_back(pluginText(plugin));
  return Answer::json(listText(std::move(items), std::nullopt));
}

using Verb = Status (Plugins::*)(const std::string&);

Result<Answer> act(Gateway& gateway, const Call& call, Verb verb, const char* action) {
  const std::string& name = call.parameter(0);
  HG_CHECK((gateway.parts.plugins.*verb)(name));
  HG_CHECK(gateway.audit({action, name, ""}));
  for (const PluginItem& plugin : gateway.parts.plugins.list()) {
    if (plugin.name == name) return Answer::json(pluginText(plugin));
  }
  return stateError("plugin_not_found", "There is no plugin " + displayName(name) + ".");
}

Result<Answer> enable(Gateway& gateway, Call& call) { return act(gateway, call, &Plugins::enable, "plugin.enable"); }
Result<Answer> disable(Gateway& gateway, Call& call) { return act(gateway, call, &Plugins::disable, "plugin.disable"); }
Result<Answer> reload(Gateway& gateway, Call& call) { return act(gateway, call, &Plugins::reload, "plugin.reload"); }

}  // namespace

std::string pluginText(const PluginItem& plugin) {
  std::string out;
  ObjectText object(&out);
  object.text("name", plugin.name).textOrNull("version", plugin.version);
  {
    ArrayText roles(&object.value("roles"));
    for (const std::string& role : plugin.roles) roles.text(role);
  }
  object.text("state", plugin.state);
  if (plugin.error.code.empty()) {
    object.raw("error", "null");
  } else {
    ObjectText error(&object.value("error"));
    error.text("code", plugin.error.code).text("detail", plugin.error.message);
  }
  {
    ArrayText listeners(&object.value("listeners"));
    for (const PluginItem::Listener& listener : plugin.listeners) {
      ObjectText item(listeners.item());
      item.text("name", listener.name).text("address", listener.address);
    }
  }
  object.close();
  return out;
}

void addPluginRoutes(Router& router) {
  router.add({"GET", "/api/v1/plugins", {}, list});
  router.add({"POST", "/api/v1/plugins/{name}/enable", {}, enable, true});
  router.add({"POST", "/api/v1/plugins/{name}/disable", {}, disable, true});
  router.add({"POST", "/api/v1/plugins/{name}/reload", {}, reload, true});
}

}  // namespace hearthgate::api
