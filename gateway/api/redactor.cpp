#include "api/redactor.h"

#include <algorithm>
#include <regex>

#include "base/base32.h"
#include "base/sha256.h"
#include "config/keys.h"

namespace hearthgate::api {
namespace {

constexpr size_t kPseudonymLetters = 8;
constexpr size_t kShortId = 8;
// Nothing that people say is this long; tokens, keys, hashes and ids are.
constexpr size_t kLongestWord = 24;
// An entity's id with its owner; what is longer is not given to the patterns below.
constexpr size_t kLongestId = 320;

bool isWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool isIdLetters(std::string_view text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string_view::npos;
}

const char* kindOfAddress(std::string_view address) {
  auto starts = [&](std::string_view with) { return address.starts_with(with); };
  if (starts("127.") || starts("[::1]") || address == "::1" || starts("localhost")) return "loopback";
  if (starts("10.") || starts("192.168.") || starts("169.254.") || starts("[f") || starts("f")) return "private";
  if (starts("172.") && address.size() > 6) {
    int second = std::atoi(std::string(address.substr(4, 3)).c_str());
    if (second >= 16 && second <= 31) return "private";
  }
  if (starts("0.0.0.0") || starts("[::]") || address == "::") return "any";
  return address.find_first_not_of("0123456789.:abcdef[]") == std::string_view::npos ? "public" : "name";
}

// Files that every gateway has say nothing about a person.
bool isOurPath(const std::string& path) {
  for (const char* folder : {"/usr/", "/etc/hearthgate", "/var/lib/hearthgate", "/proc/", "/dev/"}) {
    if (path.starts_with(folder)) return true;
  }
  return false;
}

bool isCommonFile(const std::string& word) {
  for (const char* name : {"home.db", "home.db-wal", "home.db-shm", "admin.token", "admin.url", "hearthgate.yaml"}) {
    if (word == name) return true;
  }
  return false;
}

}  // namespace

Redactor::Redactor(Random& random) : key_(random.bytes(32)) {}

void Redactor::knowHome(const std::string& id) { homes_[id.substr(0, kShortId)] = id; }

void Redactor::knowName(const std::string& name) {
  if (name.size() < 2) return;
  names_.push_back(name);
  std::sort(names_.begin(), names_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Redactor::pseudonym(std::string_view what, std::string_view text) const {
  Sha256Digest digest = sha256(std::string(key_).append(what).append(":").append(text));
  std::string hashed = base32({reinterpret_cast<const char*>(digest.data()), digest.size()});
  return std::string(what).append("-").append(hashed.substr(0, kPseudonymLetters));
}

std::string Redactor::home(const std::string& id) const { return pseudonym(id.size() == 27 ? "circle" : "home", id); }

std::string Redactor::address(std::string_view address) const {
  return pseudonym("address", address).append(" (").append(kindOfAddress(address)).append(")");
}

std::string Redactor::withoutNames(std::string line) const {
  for (const std::string& name : names_) {
    std::string instead = pseudonym("name", name);
    for (size_t at = line.find(name); at != std::string::npos; at = line.find(name, at)) {
      size_t end = at + name.size();
      bool whole = (at == 0 || !isWordByte(line[at - 1])) && (end == line.size() || !isWordByte(line[end]));
      if (whole) line.replace(at, name.size(), instead);
      at += whole ? instead.size() : 1;
    }
  }
  return line;
}

std::string Redactor::word(const std::string& word) const {
  static const std::regex kIp4(R"((\d{1,3}\.){3}\d{1,3}(:\d+)?)");
  static const std::regex kIp6(R"(\[?[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(%\w+)?\]?(:\d+)?)");
  static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?)");
  static const std::regex kHostPort(R"([A-Za-z0-9.\-]+:\d{1,5})");
  static const std::regex kNumber(R"([0-9][0-9.]*)");
  static const std::regex kEntity(R"([a-z0-9_]+\.[a-z0-9_:.\-]*[a-z0-9_](@[a-z2-7]+)?)");
  if (word.size() > kLongestId) return pseudonym("secret", word);
  if (word.empty() || std::regex_match(word, kTime)) return word;
  if (std::regex_match(word, kIp4) || std::regex_match(word, kIp6)) return address(word);
  if (std::regex_match(word, kNumber) || isCommonFile(word) || config::findKey(word) || config::isSection(word))
    return word;
  if (word.starts_with("HEARTH")) return "(code)";
  if (word.front() == '/') return isOurPath(word) ? word : pseudonym("path", word);
  if (word.find("://") != std::string::npos) return pseudonym("url", word);
  if (word.size() == 52 && isIdLetters(word)) return home(word);
  auto known = word.size() == kShortId ? homes_.find(word) : homes_.end();
  if (known != homes_.end()) return home(known->second);
  if (std::regex_match(word, kEntity)) return pseudonym("entity", word);
  if (std::regex_match(word, kHostPort)) return address(word);
  if (word.find('@') != std::string::npos) return pseudonym("entity", word);
  for (const char* ours : {"name-", "home-", "address-", "entity-", "path-"}) {
    if (word.starts_with(ours) && word.size() <= kLongestWord) return word;
  }
  return word.size() > kLongestWord ? pseudonym("secret", word) : word;
}

std::string Redactor::text(std::string_view from) const {
  std::string line = withoutNames(std::string(from));
  std::string out;
  std::string word_so_far;
  auto end_word = [&] {
    // A sentence's mark at the end belongs to the sentence.
    std::string marks;
    while (!word_so_far.empty() && std::string_view(".,;:!?").find(word_so_far.back()) != std::string_view::npos) {
      marks.insert(marks.begin(), word_so_far.back());
      word_so_far.pop_back();
    }
    out += word(word_so_far) + marks;
    word_so_far.clear();
  };
  for (size_t at = 0; at < line.size(); ++at) {
    char c = line[at];
    // What stands in quotes was given by somebody; in ` stands what to type.
    if ((c == '\'' || c == '"') && word_so_far.empty()) {
      size_t close = line.find(c, at + 1);
      if (close != std::string::npos) {
        std::string inside = line.substr(at + 1, close - at - 1);
        out += c + pseudonym("quoted", inside) + c;
        at = close;
        continue;
      }
    }
    if (std::string_view(" \t\n()<>{}|`'\"=,").find(c) != std::string_view::npos) {
      end_word();
      out += c;
    } else {
      word_so_far += c;
    }
  }
  end_word();
  return out;
}

std::string Redactor::metrics(const std::string& text) const {
  static const std::regex kLabel(R"re((home|owner|kind)="([^"]*)")re");
  std::string out;
  auto last = text.cbegin();
  for (std::sregex_iterator at(text.begin(), text.end(), kLabel), end; at != end; ++at) {
    const std::smatch& match = *at;
    std::string value = match[2];
    std::string shown = value;
    if (match[1] != "kind") {
      auto known = homes_.find(value.substr(0, kShortId));
      shown = known == homes_.end() ? pseudonym("home", value) : home(known->second);
    } else if (value != "state" && value != "OTHER" && value != "peer" && value != "pairing") {
      shown = pseudonym("kind", value);
    }
    out.append(last, match[0].first).append(match[1]).append("=\"").append(shown).append("\"");
    last = match[0].second;
  }
  return out.append(last, text.cend());
}

}  // namespace hearthgate::api
