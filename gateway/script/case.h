// What a script sees of a conflict, and what becomes of it. The gateway's side; values, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/version.h"

namespace hearthgate::script {

struct CaseVersion {
  std::string fields = "{}";  // canonical JSON
  std::string author;         // home id as text
  std::string author_name;    // empty when nobody told one
  int64_t time_ms = 0;        // its stamp, since 1970
  bool trusted = false;       // written under a synchronised clock
  bool deleted = false;
  bool owner = false;  // written by the home that owns the entity
  // Leaves that it set or removed and that not every other version knows of, as pathText() writes them; sorted.
  std::vector<std::string> changed;
};

struct Case {
  std::string address;  // id@owner
  std::string id, kind, owner;
  std::vector<CaseVersion> versions;  // sorted by content hash
};

// The fields of a version as plain JSON: its sets as lists, its counters as numbers.
std::string plainFields(const model::Version& version);

// The keys of a path joined by dots; a dot or a backslash that a key holds has a backslash before it.
std::string pathText(const model::Path& path);

// The case of an entity's siblings. `name_of` gives what people call a home, or nothing.
Case makeCase(const model::Address& address, const std::string& kind, const model::Siblings& siblings,
              const std::function<std::string(const HomeId&)>& name_of = {});

struct Resolved {
  std::string fields;  // canonical JSON that model::checkFieldsText() takes
  std::string reason;
  bool operator==(const Resolved&) const = default;
};
// The script ran and leaves this one to people.
struct Declined {
  std::string reason;
  bool operator==(const Declined&) const = default;
};
// The conflict stays open. Codes that are the script's own doing: `bad_script` (no text chunk, or no definition),
// `script_failed` (it raised an error), `bad_result` (what it returned is no fields and reason), `result_too_large`,
// `memory_limit`, `time_limit`, `worker_crashed`, `bad_answer`, `switched_off`. Others: `case_too_large`, `worker_missing`,
// `worker_not_started`, `worker_killed`, `starved` (the machine gave it no time).
struct Failed {
  std::string code;
  std::string message;  // one sentence or two, fit to be shown
  bool operator==(const Failed&) const = default;
};
using Outcome = std::variant<Resolved, Declined, Failed>;

}  // namespace hearthgate::script
