// Files that hold secrets: 0600, refused when others can read them, replaced whole or not at all. Used by identity and
// token. Any thread; two writers of one file are the caller's to prevent (the data folder is locked).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hearthgate::trust {

// Replaces `path` by `content` so that a power cut leaves the old or the new: temporary file, fsync, rename, fsync of
// the folder. Fails with `file_write`, or with `storage_full` and `storage_failed` where the disk is at fault (all of these do).
Status writePrivateFile(const std::string& path, std::string_view content);
// The same, but fails with `file_exists` when `path` is there already.
Status createPrivateFile(const std::string& path, std::string_view content);
// As writePrivateFile(), and the content that was there is overwritten with zeros, after the new one is durable. What a
// crash kept from being overwritten stands in `path`.replaced, for discardPrivateFile().
Status replacePrivateFile(const std::string& path, std::string_view content);
// The content. Fails with `file_missing`, `file_exposed` (readable or writable by group or others, or owned by another
// user), `file_read` (no regular file, larger than kMaxPrivateFileBytes, or the disk failed).
Result<std::string> readPrivateFile(const std::string& path);
// The same where the folder keeps others out, and the group's bits may stand for an access list: systemd's credentials.
Result<std::string> readCredential(const std::string& path);
// Overwrites with zeros, syncs, removes. A missing file is fine. On flash the old blocks may live on in spare cells:
// that is why the words are told to be on the card until confirmed.
Status shredPrivateFile(const std::string& path);
// The same, but a file that has another name too, which may be the live one, only loses this one.
Status discardPrivateFile(const std::string& path);

}  // namespace hearthgate::trust
