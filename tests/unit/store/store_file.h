// A folder of its own with a database in it, and plain SQLite beside the store: the fixture of the store's tests.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "store/store.h"
#include "unit/model/histories.h"

namespace hearthgate::store {

// Plain SQLite, as another program uses it.
class Plain {
 public:
  explicit Plain(const std::string& path, const char* vfs = nullptr) {
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK) << path;
  }
  ~Plain() { sqlite3_close(handle_); }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  // The result code.
  int attempt(const std::string& sql) { return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr); }
  void run(const std::string& sql) { EXPECT_EQ(attempt(sql), SQLITE_OK) << sql << ": " << sqlite3_errmsg(handle_); }
  // The first column of all rows, joined by `|`.
  std::string text(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(handle_);
    std::string out;
    for (int row = 0; sqlite3_step(statement) == SQLITE_ROW; ++row) {
      const auto* bytes = sqlite3_column_text(statement, 0);
      if (row > 0) out += '|';
      if (bytes)
        out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement, 0)));
    }
    sqlite3_finalize(statement);
    return out;
  }

 private:
  sqlite3* handle_ = nullptr;
};

class StoreFile : public testing::Test {
 protected:
  StoreFile() {
    std::string pattern = testing::TempDir() + "hearthgate-store-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr) << pattern;
    folder_ = pattern;
  }
  ~StoreFile() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string path(const std::string& name = "hearthgate.db") const { return folder_ + "/" + name; }
  std::unique_ptr<Store> open(Durability durability = Durability::kFull) {
    auto store = Store::open(path(), durability);
    EXPECT_TRUE(store.ok()) << store.error().message;
    return store.ok() ? std::move(*store) : nullptr;
  }
  std::unique_ptr<Reader> reader() {
    auto reader = Store::openReader(path());
    EXPECT_TRUE(reader.ok()) << reader.error().message;
    return reader.ok() ? std::move(*reader) : nullptr;
  }
  // Why it cannot be opened.
  Error refusal() {
    auto store = Store::open(path(), Durability::kFull);
    return store.ok() ? Error{Domain::kState, "opened", ""} : store.error();
  }
  std::string bytes(const std::string& name = "hearthgate.db") const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void setBytes(const std::string& content, const std::string& name = "hearthgate.db") const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
  }

  std::string folder_;
};

inline void commit(Store& store, const std::function<void()>& work) {
  store.begin();
  work();
  Status status = store.commit();
  EXPECT_TRUE(status.ok()) << status.error().message;
}

// Makes the owner that rows need.
inline model::OwnerId addOwner(Store& store, const model::OwnerId& id) {
  OwnerRow row;
  row.id = id;
  row.epoch = model::numbered<FeedEpoch>(9);
  store.putOwner(&row);
  return id;
}

inline EntityRow entityRow(const model::Address& address, uint64_t sequence,
                           const std::string& fields = R"({"on":true})") {
  EntityRow row;
  row.address = address;
  row.kind = "state";
  row.sequence = sequence;
  row.updated_ms = static_cast<int64_t>(sequence) * 10;
  row.siblings = {model::Writer{1, sequence}.put({}, fields)};
  return row;
}

inline void expectSame(const model::Version& a, const model::Version& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.deleted, b.deleted);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.author, b.author);
  EXPECT_EQ(a.dot, b.dot);
  EXPECT_EQ(a.stamp, b.stamp);
  EXPECT_EQ(a.vector, b.vector);
  EXPECT_EQ(a.fields, b.fields);
  EXPECT_EQ(a.leaf_dots, b.leaf_dots);
  EXPECT_EQ(a.dot_stamps, b.dot_stamps);
  EXPECT_EQ(a.hash, b.hash);
  EXPECT_EQ(a.tag, b.tag);
}

inline void expectSame(const model::Siblings& a, const model::Siblings& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) expectSame(a[i], b[i]);
}

}  // namespace hearthgate::store
