// What the system says of this process (proc(5)) and of the files of the database. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hearthgate::api {

struct ProcessFigures {
  double cpu_s = 0;
  double started_s = 0;  // since 1970
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t threads = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;
  std::optional<uint64_t> written_bytes;  // to disks, since the start; nothing: not told
};

ProcessFigures processFigures();
// 0 when it is not there.
uint64_t fileBytes(const std::string& path);

}  // namespace hearthgate::api
