#include "base/log.h"

#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace hearthgate {
namespace {

const std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt>& lastLines() {
  static auto instance = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(kLogLinesKept);
  return instance;
}

spdlog::logger& logger() {
  static auto instance = [] {
    auto made = spdlog::stderr_logger_mt("hearthgate");
    made->sinks().push_back(lastLines());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum toSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kOff: return spdlog::level::off;
  }
  return spdlog::level::info;
}

}  // namespace

void setLogLevel(LogLevel level) { logger().set_level(toSpdlog(level)); }

std::vector<std::string> lastLogLines(size_t most) {
  std::vector<std::string> lines = lastLines()->last_formatted(most);
  for (std::string& line : lines) {
    while (!line.empty() && line.back() == '\n') line.pop_back();
  }
  return lines;
}

void log(LogLevel level, std::string_view area, std::string_view message) {
  logger().log(toSpdlog(level), "{}: {}", area, message);
}

}  // namespace hearthgate
