// Names of homes on the command line and in tables. Homes choose their names themselves, so a name counts only while no
// other home could be meant by it.
#include "cli/context.h"
#include "cli/tuning.h"

namespace hearthgate::cli {
namespace {

bool isLetters(const std::string& text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string::npos;
}
bool isHomeId(const std::string& text) { return text.size() == 52 && isLetters(text); }
bool isCircleId(const std::string& text) { return text.size() == 27 && text[0] == 'c' && isLetters(text); }

}  // namespace

const std::vector<Context::Home>& Context::homes() {
  if (homes_) return *homes_;
  std::vector<Home> found;
  Json own = at(get(path({"status"})).body, "home");
  found.push_back({textAt(own, "id"), textAt(own, "name"), true});
  for (const auto& home : all(path({"homes"}))) found.push_back({textAt(home, "id"), textAt(home, "name"), false});
  homes_ = std::move(found);
  return *homes_;
}

const std::vector<Context::Home>& Context::circles() {
  if (circles_) return *circles_;
  std::vector<Home> found;
  for (const auto& circle : all(path({"circles"}))) found.push_back({textAt(circle, "id"), textAt(circle, "name"), false});
  circles_ = std::move(found);
  return *circles_;
}

std::string Context::circleId(const std::string& circle) {
  if (isCircleId(circle)) return circle;
  std::vector<std::string> meant;
  std::string names;
  for (const auto& known : circles()) {
    names += (names.empty() ? "" : ", ") + safe(known.name);
    if (known.name == circle) meant.push_back(known.id);
  }
  if (meant.size() == 1) return meant[0];
  if (meant.empty()) fail("circle_not_found", "no circle is called \"" + safe(circle) + "\"", names.empty() ? "" : "there are: " + names);
  fail("ambiguous_circle", "several circles are called \"" + safe(circle) + "\": " + meant[0] + ", " + meant[1], "give the id instead");
}

std::string Context::memberId(const std::string& circle, const std::string& home) {
  if (isHomeId(home)) return home;
  std::vector<std::string> meant;
  Reply reply = get(path({"circles", circle}));
  for (const char* list : {"members", "invitations"}) {
    for (const auto& member : itemsAt(reply.body, list)) {
      if (textAt(member, "name") == home) meant.push_back(textAt(member, "home"));
    }
  }
  return meant.size() == 1 ? meant[0] : homeId(home);
}

std::string Context::homeId(const std::string& home) {
  if (isHomeId(home) || isCircleId(home)) return home;
  std::string id = home;  // as grouped() shows it
  std::erase(id, ' ');
  if (isHomeId(id)) return id;
  std::vector<Home> meant;
  bool may_be_start = home.size() >= kShortIdLetters && isLetters(home);
  for (const auto& known : homes()) {
    if (known.name == home || (may_be_start && known.id.starts_with(home))) meant.push_back(known);
  }
  if (meant.size() == 1) return meant[0].id;
  if (meant.empty()) {
    std::string names;
    for (const auto& known : homes()) names += (names.empty() ? "" : ", ") + safe(known.name);
    fail("home_not_found", "no home is called \"" + safe(home) + "\"", "there are: " + names);
  }
  std::string list;
  for (const auto& known : meant) list += (list.empty() ? "" : ", ") + known.id + (known.own ? " (this one)" : "");
  fail("ambiguous_home", "several homes are meant by \"" + safe(home) + "\": " + list, "give the id instead");
}

std::string Context::otherHomeId(const std::string& home) {
  std::string id = homeId(home);
  for (const auto& known : homes()) {
    if (known.own && known.id == id) {
      fail("home_not_found", "\"" + safe(home) + "\" is this home itself", "`hearthgate home list` shows the others");
    }
  }
  return id;
}

std::string Context::entity(const std::string& entity) {
  size_t sign = entity.find('@');
  if (sign == std::string::npos) return entity;
  std::string owner = entity.substr(sign + 1);
  if (isHomeId(owner) || isCircleId(owner)) return entity;
  bool of_circle = std::any_of(circles().begin(), circles().end(), [&](const Home& known) { return known.name == owner; });
  bool of_home = std::any_of(homes().begin(), homes().end(), [&](const Home& known) { return known.name == owner; });
  if (of_circle && of_home) fail("ambiguous_owner", "a home and a circle are both called \"" + safe(owner) + "\"", "give the id instead");
  return entity.substr(0, sign + 1) + (of_circle ? circleId(owner) : homeId(owner));
}

std::string Context::homeName(const std::string& id) {
  if (id.empty()) return "-";
  size_t same = 0;
  std::string name;
  if (isCircleId(id)) {
    for (const auto& known : circles()) {
      if (known.id == id) return safe(known.name);
    }
    return id.substr(0, kShortIdLetters);
  }
  for (const auto& known : homes()) {
    if (known.id == id) name = known.name;
  }
  for (const auto& known : homes()) same += known.name == name ? 1 : 0;
  // Two homes of one name are told apart by their ids; so is a home that took another's name.
  std::string start = safe(id.substr(0, kShortIdLetters));
  if (name.empty()) return start;
  return same > 1 ? safe(name) + " (" + start + ")" : safe(name);
}

std::string Context::entityName(const Json& entity) {
  std::string owner = textAt(entity, "owner");
  std::string id = safe(textAt(entity, "id"));
  for (const auto& known : homes()) {
    if (known.own && known.id == owner) return id;
  }
  return owner.empty() ? id : id + "@" + homeName(owner);
}

std::string Context::addressName(const std::string& address) {
  size_t sign = address.find('@');
  if (sign == std::string::npos) return safe(address);
  return entityName(Json{{"id", address.substr(0, sign)}, {"owner", address.substr(sign + 1)}});
}

}  // namespace hearthgate::cli
