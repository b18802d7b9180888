// Read connections to the database, lent to one request at a time. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace hearthgate::api {

class ReaderPool {
 public:
  explicit ReaderPool(std::string database_path) : path_(std::move(database_path)) {}

  // Runs `code` with a connection on one state of the database. Fails with what the store says, whatever `code` made of
  // it; a connection that failed is closed, because its transaction may still be open.
  template <typename T>
  Result<T> read(const std::function<Result<T>(store::Reader&)>& code) {
    HG_TRY(std::unique_ptr<store::Reader> reader, take());
    reader->beginRead();
    Result<T> result = code(*reader);
    reader->endRead();
    HG_CHECK(reader->takeError());
    giveBack(std::move(reader));
    return result;
  }

 private:
  Result<std::unique_ptr<store::Reader>> take() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto reader = std::move(idle_.back());
        idle_.pop_back();
        return reader;
      }
    }
    return store::Store::openReader(path_);
  }
  void giveBack(std::unique_ptr<store::Reader> reader) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(reader));
  }

  const std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<store::Reader>> idle_;  // at most one for each request thread
};

}  // namespace hearthgate::api
