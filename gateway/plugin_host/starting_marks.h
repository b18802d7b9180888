// Marks in the data directory that tell, after the process ended without a word, which plugin was starting: the base of
// safe mode. One file `starting-NAME` each, holding the number of starts that did not end. One thread.
#pragma once

#include <string>

#include "base/result.h"

namespace hearthgate::plugin_host {

class StartingMarks {
 public:
  // `directory` exists; empty: nothing is marked.
  explicit StartingMarks(std::string directory) : directory_(std::move(directory)) {}

  // Starts of `plugin` since its last complete one that ended with the process.
  int crashes(const std::string& plugin) const;
  // To be called before code of the plugin runs; fails when the mark cannot be written.
  Status begin(const std::string& plugin);
  // The start has ended, well or with an error.
  Status end(const std::string& plugin);

  std::string path(const std::string& plugin) const { return directory_ + "/starting-" + plugin; }

 private:
  const std::string directory_;
};

}  // namespace hearthgate::plugin_host
