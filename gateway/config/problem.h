// A mistake in the configuration, as it is told to a person. Used by the whole folder and by its callers. Any thread.
#pragma once

#include <string>
#include <vector>

namespace hearthgate::config {

struct Problem {
  std::string where;    // `FILE:LINE:COLUMN`, `FILE`, or the environment variable
  std::string key;      // the key's dotted path; empty when the file as a whole is meant, or where `where` names it
  std::string what;     // what is wrong
  std::string allowed;  // what would be right; may be empty

  // `FILE:LINE:COLUMN: KEY: what is wrong (what is allowed)`, one line of printable UTF-8 (CONTRACT).
  std::string text() const;
};

// Where a value came from.
struct Origin {
  enum class Kind { kDefault, kFile, kEnvironment };
  Kind kind = Kind::kDefault;
  std::string file;      // with kFile
  int line = 0;          // from 1, with kFile
  int column = 0;        // from 1, with kFile
  std::string variable;  // with kEnvironment

  // `default`, `FILE:LINE:COLUMN` or the variable's name.
  std::string text() const;
};

}  // namespace hearthgate::config
