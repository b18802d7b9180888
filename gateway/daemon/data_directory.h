// The folder that holds one home: made 0700, locked by one process.
#pragma once

#include <string>

#include "base/result.h"

namespace hearthgate::daemon {

class DataDirectory {
 public:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  // Makes the folder when it is missing and takes the lock. Codes: data_not_writable, data_locked.
  Status open();
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  bool has(const std::string& name) const;
  // Writes a small file in place of an old one, durably.
  Status write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
  int lock_ = -1;
};

}  // namespace hearthgate::daemon
