#include "api/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace hearthgate::api {

ProcessFigures processFigures() {
  ProcessFigures figures;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  figures.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);

  std::ifstream stat("/proc/self/stat");
  std::string line;
  std::getline(stat, line);
  // Behind the program's name, which may hold anything, comes field 3.
  std::istringstream fields(line.substr(std::min(line.rfind(')'), line.size() - 1) + 1));
  std::string field;
  double ticks = 0;
  uint64_t pages = 0;
  for (int number = 3; fields >> field && number <= 24; ++number) {
    if (number == 20) figures.threads = std::stoull(field);
    if (number == 22) ticks = std::stod(field);
    if (number == 23) figures.virtual_bytes = std::stoull(field);
    if (number == 24) pages = std::stoull(field);
  }
  figures.resident_bytes = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  std::ifstream machine("/proc/stat");
  for (std::string row; std::getline(machine, row);) {
    if (!row.starts_with("btime ")) continue;
    figures.started_s = std::stod(row.substr(6)) + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

  std::ifstream io("/proc/self/io");
  for (std::string row; std::getline(io, row);) {
    if (row.starts_with("write_bytes: ")) figures.written_bytes = std::stoull(row.substr(13));
  }

  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error)) {
    ++figures.open_fds;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_fds = limit.rlim_cur;
  return figures;
}

uint64_t fileBytes(const std::string& path) {
  std::error_code error;
  uint64_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace hearthgate::api
