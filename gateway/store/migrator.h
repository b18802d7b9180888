// Brings a database to the schema of this program: db/migrations, applied in order (db/README.md). Used by store.cpp.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace hearthgate::store {

class Database;

struct Migration {
  int number;
  const char* name;
  const char* sql;
};

// All of them, rising; from the generated file.
const std::vector<Migration>& migrations();

// "HGAT"
inline constexpr int kApplicationId = 0x48474154;

// Fails with `database_foreign`, `database_newer`, or what SQLite said; a failed migration leaves the database as it was.
Status migrate(Database& database, const std::vector<Migration>& all = migrations());

}  // namespace hearthgate::store
