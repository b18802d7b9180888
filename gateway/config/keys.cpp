#include "config/keys.h"

#include <arpa/inet.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cstring>

#include "base/utf8.h"
#include "config/suggest.h"
#include "config/tuning.h"
#include "config/yaml_tree.h"

namespace hearthgate::config {
namespace {

using Texts = std::vector<std::string>;

bool isAddress(const std::string& text) {
  unsigned char raw[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), raw) == 1 || inet_pton(AF_INET6, text.c_str(), raw) == 1;
}

bool isLoopback(const std::string& text) {
  in6_addr six;
  if (inet_pton(AF_INET6, text.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  in_addr four;
  return inet_pton(AF_INET, text.c_str(), &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

// RFC 1123 section 2.1: letters, digits and inner hyphens, labels of at most 63.
bool isHostName(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  size_t label = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool edge = label == 0 || i + 1 == text.size() || text[i + 1] == '.';
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c == '-' && !edge);
    if (!fits || ++label > 63) return false;
  }
  // Four numbers with dots that are no address would be taken for a name.
  return text.find_first_not_of("0123456789.") != std::string_view::npos;
}

std::optional<int64_t> wholeNumber(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// `192.0.2.1:8765`, `[2001:db8::1]:8765` or `beach.example.org:8765`.
bool isAddressAndPort(const std::string& text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  auto port = wholeNumber(std::string_view(text).substr(colon + 1));
  std::string host = text.substr(0, colon);
  if (!port || *port < 1 || *port > 65535) return false;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    return host.find(':') != std::string::npos && isAddress(host);
  }
  return host.find(':') == std::string::npos && (isAddress(host) || isHostName(host));
}

// CONTRACT: `[a-z][a-z0-9_.]{0,63}`.
bool isKind(std::string_view text) {
  if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string_view::npos;
}

std::optional<Objection> checkName(const Value& value) {
  const auto& text = std::get<std::string>(value);
  if (text.size() > kMaxNameBytes) return Objection{"is " + std::to_string(text.size()) + " bytes long", "at most 64"};
  if (displayName(text, kMaxNameBytes) != text) return Objection{"has control or hidden characters", "printable text"};
  return std::nullopt;
}

std::optional<Objection> checkAddress(const Value& value) {
  const auto& text = std::get<std::string>(value);
  if (isAddress(text)) return std::nullopt;
  return Objection{shown(text) + " is no IP address", ""};
}

// TRUST.md T27: off loopback only HTTPS may serve the API, since plain HTTP shows the token to the network.
std::optional<Objection> checkAdminAddress(const Value& value) {
  if (auto objection = checkAddress(value)) return objection;
  const auto& text = std::get<std::string>(value);
  if (isLoopback(text)) return std::nullopt;
  return Objection{shown(text) + " would show the admin token to the network, because this version serves plain HTTP",
                   "127.0.0.1 or ::1; from elsewhere use an SSH tunnel"};
}

std::optional<Objection> checkEncryption(const Value& value) {
  if (std::get<bool>(value)) return std::nullopt;
  return Objection{"is false, but there is no plaintext mode between homes: links are always encrypted end to end",
                   "true, or leave the line away; `sharing.sync.enabled: false` switches links off"};
}

std::optional<Objection> checkPath(const Value& value) {
  const auto& text = std::get<std::string>(value);
  if (text.empty()) return Objection{"is empty", ""};
  return std::nullopt;
}

std::optional<Objection> checkBandwidth(const Value& value) {
  int64_t limit = std::get<int64_t>(value);
  // One batch has to pass in reasonable time (tuning of the links): below this a link would look dead.
  if (limit == 0 || limit >= 1024) return std::nullopt;
  return Objection{std::to_string(limit) + " is too little for a link to live on", ""};
}

std::optional<Objection> checkAdvertise(const Value& value) {
  if (!std::holds_alternative<Texts>(value)) return std::nullopt;
  const auto& texts = std::get<Texts>(value);
  for (const auto& text : texts) {
    if (!isAddressAndPort(text)) return Objection{shown(text) + " is no ADDRESS:PORT", ""};
  }
  if (texts.size() > 8) return Objection{"has " + std::to_string(texts.size()) + " addresses", "at most 8"};
  return std::nullopt;
}

std::optional<Objection> checkKinds(const Value& value) {
  for (const auto& text : std::get<Texts>(value)) {
    if (!isKind(text)) return Objection{shown(text) + " is no kind", ""};
  }
  return std::nullopt;
}

// The rows. `member` is an expression on the Config `c`.
#define HG_ASSIGN(type, member) \
  +[](Config& c, const Value& v) { c.member = static_cast<decltype(c.member)>(std::get<type>(v)); }

Key boolean(std::string path, bool fallback, std::string help, void (*assign)(Config&, const Value&)) {
  return {std::move(path), Type::kBoolean, fallback, 0, 0, {}, "", std::move(help), nullptr, assign};
}
Key integer(std::string path, int64_t fallback, int64_t least, int64_t most, std::string help,
            void (*assign)(Config&, const Value&)) {
  return {std::move(path), Type::kInteger, fallback, least, most, {}, "", std::move(help), nullptr, assign};
}
Key choice(std::string path, const char* fallback, Texts choices, std::string help,
           void (*assign)(Config&, const Value&)) {
  return {std::move(path), Type::kChoice, std::string(fallback), 0, 0, std::move(choices), "", std::move(help),
          nullptr,         assign};
}
Key text(std::string path, const char* fallback, std::string allowed, std::string help,
         std::optional<Objection> (*check)(const Value&), void (*assign)(Config&, const Value&)) {
  return {std::move(path), Type::kText, std::string(fallback), 0, 0, {}, std::move(allowed), std::move(help),
          check,           assign};
}

void assignAdvertise(Config& config, const Value& value) {
  config.sharing.sync.advertise.reset();
  if (auto* texts = std::get_if<Texts>(&value)) config.sharing.sync.advertise = *texts;
}
void assignDurability(Config& config, const Value& value) {
  bool full = std::get<std::string>(value) == "full";
  config.storage.durability = full ? Config::Durability::kFull : Config::Durability::kNormal;
}
void assignTrust(Config& config, const Value& value) {
  const auto& word = std::get<std::string>(value);
  config.clock_trust = word == "yes" ? ClockTrust::kYes : word == "no" ? ClockTrust::kNo : ClockTrust::kAuto;
}
void assignLevel(Config& config, const Value& value) {
  const auto& word = std::get<std::string>(value);
  config.log_level = word == "debug"     ? LogLevel::kDebug
                     : word == "info"    ? LogLevel::kInfo
                     : word == "warning" ? LogLevel::kWarning
                                         : LogLevel::kError;
}

std::vector<Key> sharingKeys() {
  Key bandwidth = integer("sharing.sync.bandwidth_limit", 0, 0, 10'000'000'000,
                          "Bytes a second sent to each other home at most; 0 is no limit.",
                          HG_ASSIGN(int64_t, sharing.sync.bandwidth_limit));
  bandwidth.allowed = "0, or a whole number from 1024 to 10000000000";
  bandwidth.check = checkBandwidth;
  Key encryption =
      boolean("sharing.sync.encryption.enabled", true, "Always true: there is no plaintext mode between homes.",
              HG_ASSIGN(bool, sharing.sync.encryption.enabled));
  encryption.allowed = "true";
  encryption.check = checkEncryption;
  return {
      boolean("sharing.enabled", true, "Whether anything is shared with other homes at all.",
              HG_ASSIGN(bool, sharing.enabled)),
      boolean("sharing.discovery.enabled", true,
              "Whether this home is announced on the local network and looks for others there.",
              HG_ASSIGN(bool, sharing.discovery.enabled)),
      integer("sharing.discovery.port", 5353, 5353, 5353, "UDP port of the announcements: multicast DNS has this one (RFC 6762).",
              HG_ASSIGN(int64_t, sharing.discovery.port)),
      boolean("sharing.discovery.name", false,
              "Whether announcements carry this home's name at all times; otherwise only while pairing.",
              HG_ASSIGN(bool, sharing.discovery.name)),
      boolean("sharing.sync.enabled", true, "Whether links to other homes are opened and accepted.",
              HG_ASSIGN(bool, sharing.sync.enabled)),
      text("sharing.sync.listen", "0.0.0.0", "an IPv4 or IPv6 address of this machine; 0.0.0.0 is all of them",
           "Address on which other homes connect.", checkAddress, HG_ASSIGN(std::string, sharing.sync.listen)),
      integer("sharing.sync.port", 8765, 0, 65535, "Port on which other homes connect; 0 takes a free one.",
              HG_ASSIGN(int64_t, sharing.sync.port)),
      std::move(encryption),
      text("sharing.sync.encryption.key_path", "sharing_key", "a path; a relative one starts at the data folder",
           "File that keeps this home's keys.", checkPath, HG_ASSIGN(std::string, sharing.sync.encryption.key_path)),
      text("sharing.sync.encryption.passphrase_file", "",
           "a path; a relative one starts at the data folder; empty is none",
           "File with the passphrase under which this home's keys are sealed, readable by the gateway alone.", nullptr,
           HG_ASSIGN(std::string, sharing.sync.encryption.passphrase_file)),
      std::move(bandwidth),
      integer("sharing.sync.full_sync_interval_s", 30, 1, 3600,
              "Seconds between two comparisons of what both sides have, while nothing changes.",
              HG_ASSIGN(int64_t, sharing.sync.full_sync_interval_s)),
      integer("sharing.sync.max_clock_drift_s", 60, 1, 86400,
              "Seconds that another home's stamps may be ahead of this clock before they are held.",
              HG_ASSIGN(int64_t, sharing.sync.max_clock_drift_s)),
      integer("sharing.sync.peer_entities", 500'000, 1, 100'000'000,
              "Entities of one owner that are kept here before new ones from another home are held back.",
              HG_ASSIGN(int64_t, sharing.sync.peer_entities)),
      integer("sharing.sync.peer_bytes", 4'294'967'296, 1'048'576, 1'099'511'627'776,
              "Bytes of one owner's entities that are kept here before new ones from another home are held back.",
              HG_ASSIGN(int64_t, sharing.sync.peer_bytes)),
      integer("sharing.sync.handshakes_per_second", 50, 1, 10'000,
              "Handshakes of links begun in a second, in all, from addresses where no paired home was seen for a day.",
              HG_ASSIGN(int64_t, sharing.sync.handshakes_per_second)),
      integer("sharing.sync.unauthenticated_links", 32, 1, 4096,
              "Links that may be in their handshake at a time; further ones are refused until there is room.",
              HG_ASSIGN(int64_t, sharing.sync.unauthenticated_links)),
      integer("sharing.sync.unauthenticated_links_per_source", 8, 1, 4096,
              "The same from one address. Raise it where many homes connect through one router.",
              HG_ASSIGN(int64_t, sharing.sync.unauthenticated_links_per_source)),
      {"sharing.sync.advertise",
       Type::kOptionalTexts,
       std::monostate{},
       0,
       0,
       {},
       "a list of up to 8 ADDRESS:PORT; [] tells none",
       "Addresses told to other homes; without it those that the machine has.",
       checkAdvertise,
       assignAdvertise},
      {"sharing.sync.uncompressed_kinds",
       Type::kTexts,
       Texts{},
       0,
       0,
       {},
       "a list of kinds: a small letter, then small letters, digits, `_` and `.`, 64 in all",
       "Kinds whose entities hold secrets beside text of others: sent uncompressed, so that lengths tell nothing.",
       checkKinds,
       HG_ASSIGN(Texts, sharing.sync.uncompressed_kinds)},
      choice("sharing.conflict_resolution.strategy", "latest-wins",
             {"latest-wins", "merge", "local-wins", "remote-wins", "user-choice"},
             "Strategy for entities of this home for which no other is set.",
             HG_ASSIGN(std::string, sharing.conflict_resolution.strategy)),
  };
}

std::vector<Key> allKeys() {
  std::vector<Key> all{text("name", "", "printable text of at most 64 bytes; empty is the machine's host name",
                            "What other homes' people see as the name of this home.", checkName,
                            HG_ASSIGN(std::string, name))};
  for (auto& key : sharingKeys()) all.push_back(std::move(key));
  std::vector<Key> others{
      choice("storage.durability", "full", {"full", "normal"},
             "full survives power loss; normal trades the last moments for fewer writes to an SD card.",
             assignDurability),
      integer("storage.commit_interval_ms", 0, 0, 10'000,
              "Milliseconds that a commit may wait for more writes; only with `storage.durability: normal`.",
              HG_ASSIGN(int64_t, storage.commit_interval_ms)),
      integer("storage.retention.versions", 100, 1, 1'000'000, "Old versions kept of each entity.",
              HG_ASSIGN(int64_t, storage.retention.versions)),
      integer("storage.retention.days", 90, 1, 36'500, "Days for which old versions are kept.",
              HG_ASSIGN(int64_t, storage.retention.days)),
      text("admin.listen", "127.0.0.1", "127.0.0.1 or ::1", "Address of the REST API and dashboard.", checkAdminAddress,
           HG_ASSIGN(std::string, admin.listen)),
      integer("admin.port", 8760, 0, 65535, "Port of the REST API and dashboard; 0 takes a free one.",
              HG_ASSIGN(int64_t, admin.port)),
      choice("clock.trust", "auto", {"auto", "yes", "no"},
             "Whether this machine's clock is right; auto asks the system's time service.", assignTrust),
      boolean("identity.recovery", true, "Whether recovery words are made with the identity.",
              HG_ASSIGN(bool, identity_recovery)),
      text("plugins_path", "", "a folder that only root or this user can write to; empty is the program's own",
           "Folder of the plugins.", nullptr, HG_ASSIGN(std::string, plugins_path)),
      choice("log.level", "info", {"debug", "info", "warning", "error"}, "Least severe messages that are logged.",
             assignLevel),
  };
  for (auto& key : others) all.push_back(std::move(key));
  return all;
}

#undef HG_ASSIGN

std::variant<Value, Objection> checked(const Key& key, Value value) {
  if (key.check) {
    if (auto objection = key.check(value)) {
      if (objection->allowed.empty()) objection->allowed = allowedWords(key);
      return *objection;
    }
  }
  return value;
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> table = allKeys();
  return table;
}

const Key* findKey(std::string_view path) {
  for (const auto& key : keys()) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

std::string sectionHelp(std::string_view section) {
  static const std::map<std::string, std::string, std::less<>> texts{
      {"", "Hearthgate's configuration. Every key has a default, so an empty file runs."},
      {"sharing", "Sharing with other homes."},
      {"sharing.discovery", "Finding other homes on the local network."},
      {"sharing.sync", "Links to other homes."},
      {"sharing.sync.encryption", "Encryption of the links, which is always on, and of the keys at rest."},
      {"sharing.conflict_resolution", "What is shown when two homes changed the same entity."},
      {"storage", "The database."},
      {"storage.retention", "How long old versions, conflict records and the audit log are kept."},
      {"admin", "The REST API and dashboard of this machine."},
      {"clock", "The machine's clock."},
      {"identity", "This home's identity."},
      {"log", "What is logged."},
      {"plugins", "One section for each plugin, by its name; a plugin runs when it has a section here."}};
  auto found = texts.find(section);
  return found == texts.end() ? "" : found->second;
}

bool isSection(std::string_view path) { return path.empty() || path == "plugins" || !namesIn(path).empty(); }

std::vector<std::string> namesIn(std::string_view section) {
  std::string prefix = section.empty() ? "" : std::string(section) + ".";
  std::vector<std::string> names;
  for (const auto& key : keys()) {
    if (!key.path.starts_with(prefix)) continue;
    std::string name = key.path.substr(prefix.size());
    name = name.substr(0, name.find('.'));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (section.empty()) names.push_back("plugins");
  return names;
}

std::string allowedWords(const Key& key) {
  if (!key.allowed.empty()) return key.allowed;
  switch (key.type) {
    case Type::kBoolean:
      return "true or false";
    case Type::kInteger:
      return "a whole number from " + std::to_string(key.least) + " to " + std::to_string(key.most);
    case Type::kChoice:
      return enumerate(key.choices);
    case Type::kText:
      return "text";
    case Type::kTexts:
    case Type::kOptionalTexts:
      return "a list of texts";
  }
  return "";
}

std::string jsonText(const Value& value) {
  if (auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (auto* word = std::get_if<std::string>(&value)) return boost::json::serialize(boost::json::value(*word));
  if (auto* texts = std::get_if<Texts>(&value)) {
    return boost::json::serialize(boost::json::array(texts->begin(), texts->end()));
  }
  return "null";
}

std::variant<Value, Objection> parseScalar(const Key& key, const std::string& text) {
  switch (key.type) {
    case Type::kBoolean:
      if (text == "true" || text == "false") return checked(key, text == "true");
      return Objection{"is " + shown(text), allowedWords(key)};
    case Type::kInteger: {
      auto number = wholeNumber(text);
      if (!number) return Objection{shown(text) + " is no whole number", allowedWords(key)};
      if (*number < key.least || *number > key.most) return Objection{text + " is out of range", allowedWords(key)};
      return checked(key, *number);
    }
    case Type::kChoice: {
      if (std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end()) return checked(key, text);
      auto meant = nearest(text, key.choices);
      return Objection{shown(text) + " is unknown" + (meant ? ", did you mean " + *meant + "?" : ""),
                       allowedWords(key)};
    }
    case Type::kText:
      return checked(key, text);
    case Type::kTexts:
    case Type::kOptionalTexts:
      break;
  }
  return Objection{"is one value", allowedWords(key)};
}

std::variant<Value, Objection> parseTexts(const Key& key, std::vector<std::string> texts) {
  return checked(key, std::move(texts));
}

}  // namespace hearthgate::config
