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

  // Makes the folder when it is missing and takes the lock. Codes: data_not_writable, data_locked,
  // data_exposed, storage_full, storage_failed.
  Status open();
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  bool has(const std::string& name) const;
  // Writes a small file in place of an old one, whole or not at all.
  Status write(const std::string& name, const std::string& content) const;
  // So that the files made so far are still there after a power cut.
  Status sync() const;

 private:
  std::string path_;
  int lock_ = -1;
};

}  // namespace hearthgate::daemon
