// GET /config and /config/schema.
#include <algorithm>

#include "api/json_text.h"
#include "api/router.h"

namespace hearthgate::api {
namespace {

bool isSecretName(const std::string& name) {
  static const char* const kSecret[] = {"token", "password", "passphrase", "secret", "private_key", "psk"};
  return std::any_of(std::begin(kSecret), std::end(kSecret),
                     [&](const char* word) { return name.find(word) != std::string::npos; });
}

// Plugins' sections may hold secrets: what is called like one is not shown.
void hideSecrets(model::Json* json) {
  for (auto& [name, value] : json->members) {
    if (isSecretName(name) && !value.isNull()) {
      value = model::Json{};
      value.type = model::Json::Type::kString;
      value.text = "(not shown)";
    } else {
      hideSecrets(&value);
    }
  }
  for (model::Json& item : json->items) hideSecrets(&item);
}

std::string shownValue(const config::Setting& setting) {
  if (!setting.key.starts_with("plugins.")) return setting.value;
  auto json = model::parseJson(setting.value, 64);
  if (!json.ok()) return "null";
  hideSecrets(&*json);
  return model::canonicalJson(*json);
}

Result<Answer> get(Gateway& gateway, Call&) {
  std::vector<std::string> items;
  for (const config::Setting& setting : gateway.parts.configuration.settings) {
    std::string out;
    ObjectText object(&out);
    object.text("key", setting.key).raw("value", shownValue(setting)).text("origin", setting.origin.text());
    object.close();
    items.push_back(std::move(out));
  }
  return Answer::json(listText(std::move(items), std::nullopt));
}

Result<Answer> schema(Gateway&, Call&) {
  Answer answer = Answer::json(config::schema());
  answer.content_type = "application/schema+json";
  return answer;
}

}  // namespace

void addConfigRoutes(Router& router) {
  router.add({"GET", "/api/v1/config", {}, get});
  router.add({"GET", "/api/v1/config/schema", {}, schema});
}

}  // namespace hearthgate::api
