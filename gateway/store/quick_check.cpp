#include "store/quick_check.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/sqlite.h"

namespace hearthgate::store {

Result<std::optional<std::vector<std::string>>> quickCheck(const std::string& path, size_t most, std::chrono::milliseconds limit) {
  HG_TRY(auto database, Database::open(path, SQLITE_OPEN_READONLY));
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  // From outside: while SQLite 3.40 checks a table it looks at nothing else.
  std::thread watch([&] {
    std::unique_lock lock(mutex);
    if (!ended.wait_for(lock, limit, [&] { return done; })) sqlite3_interrupt(database->handle());
  });
  std::optional<std::vector<std::string>> found(std::in_place);
  {
    Query query = database->query("SELECT quick_check FROM pragma_quick_check(?)");
    query.bind(static_cast<int64_t>(most));
    while (query.row()) {
      if (query.blob(0) != "ok") found->push_back(query.text(0));
    }
  }
  const bool interrupted = database->failed() && sqlite3_errcode(database->handle()) == SQLITE_INTERRUPT;
  {
    std::lock_guard lock(mutex);
    done = true;
  }
  ended.notify_all();
  watch.join();
  Status read = database->takeError();
  if (interrupted) return std::optional<std::vector<std::string>>();
  HG_CHECK(std::move(read));
  return found;
}

}  // namespace hearthgate::store
