#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "trust/key_statement.h"

namespace hearthgate::sync {

// The keys of this home, and who has not heard of the present one.
struct KeyReport {
  uint64_t epoch = 0;
  trust::VouchedBy by = trust::VouchedBy::kRoot;
  std::string name;       // trust::keyName() of the present operating key
  size_t former = 0;      // keys of before that are still held
  std::vector<std::pair<HomeId, std::string>> waiting;  // paired homes that pin another one of ours, with their names
  bool foreign = false;   // statements of this home are about that it did not make
};

// Row of the store's `meta` with the newest statements of this home that it did not make, in trust's encoding.
inline constexpr const char* kForeignStatements = "foreign_statements";
// Whether what stands there is not settled by this home's own statements.
bool areForeign(const std::string& stored, const trust::KeyChain& own);

}  // namespace hearthgate::sync
