// What commits append to the log reaches its file in a few calls instead of two for each page, which took a quarter of the
// engine's processor time where changes come one at a time (tests/bench/README.md).
#pragma once

namespace hearthgate::store {

// What the write-ahead log gathers before it is written, whatever happens: much of what a call gains, little memory.
inline constexpr int kLogBufferBytes = 64 << 10;

// The name of a VFS of SQLite for sqlite3_open_v2(): the process's default one, except for this. Any thread.
//
// Nobody reads pages of a commit before its last one is in the file: that page ends the gathering, in the call in which
// SQLite wrote it, so that its error is the commit's, and SQLite syncs and publishes only after it.
const char* logVfs();

}  // namespace hearthgate::store
