#include "api/gateway.h"

#include "base/utf8.h"

namespace hearthgate::api {

Status Gateway::audit(const Audited& audited) {
  return parts.engine.run([&](engine::Core& core) { core.audit(kTokenActor, audited.action, audited.subject, audited.detail); });
}

Result<model::Address> parseAddress(const Gateway& gateway, const std::string& text) {
  size_t sign = text.rfind('@');
  std::string id = text.substr(0, sign);
  HG_CHECK(model::checkEntityId(id));
  if (sign == std::string::npos) return model::Address{gateway.me(), std::move(id)};
  auto owner = model::OwnerId::parse(std::string_view(text).substr(sign + 1));
  if (owner) return model::Address{*owner, std::move(id)};
  return inputError("bad_id", "'" + displayName(text.substr(sign + 1), kMaxShownBytes) +
                                  "' is no owner: what follows the @ is a home id of 52 letters or a circle id of 27.");
}

Error homeNotFound(const std::string& text) {
  return stateError("home_not_found", "This home knows no home " + displayName(text, kMaxShownBytes) +
                                          "; `home list` shows those that it is paired with.");
}

Result<HomeId> parseHome(const std::string& text) {
  auto home = HomeId::parse(text);
  if (home) return *home;
  return homeNotFound(text);
}

std::string listText(std::vector<std::string>&& items, const std::optional<std::string>& next) {
  size_t size = 32;
  for (const std::string& item : items) size += item.size() + 1;
  std::string out;
  out.reserve(size);
  out += "{\"items\":[";
  for (std::string& item : items) {
    if (out.back() != '[') out += ',';
    out += item;
    item = {};
  }
  out += "],\"next\":";
  if (next) {
    model::appendJsonString(*next, &out);
  } else {
    out += "null";
  }
  out += '}';
  return out;
}

}  // namespace hearthgate::api
