// A disk under SQLite that gets full or breaks at a chosen operation: a VFS that passes everything on to the ordinary
// one. While it lives every database that is opened lies on it. Opened on one thread; set and asked on any.
#pragma once

#include <cstdint>

namespace hearthgate::store {

class FaultyDisk {
 public:
  enum class Fault { kFull, kBroken };
  enum class Where { kAnywhere, kDatabase };  // the database alone: only checkpoints write it

  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // After `operations` more that need the disk (writes, growth, new files; broken: also syncs) all of them fail.
  void failAfter(int64_t operations, Fault fault, Where where = Where::kAnywhere);
  // Nothing can be read either, until mend().
  void failReads();
  // Works again.
  void mend();
  // Operations that failed since failAfter().
  int64_t refused() const;
  bool failed() const { return refused() > 0; }
};

}  // namespace hearthgate::store
