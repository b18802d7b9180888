// Logging: one line an event on standard error, through spdlog. Never put codes, tokens, keys or entity contents in a
// message. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearthgate {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

void setLogLevel(LogLevel level);
// The last lines that were logged, oldest first, at most `most` and kLogLinesKept.
inline constexpr size_t kLogLinesKept = 400;
std::vector<std::string> lastLogLines(size_t most);
// `area` is the folder or plugin that speaks.
void log(LogLevel level, std::string_view area, std::string_view message);

inline void logDebug(std::string_view area, std::string_view message) { log(LogLevel::kDebug, area, message); }
inline void logInfo(std::string_view area, std::string_view message) { log(LogLevel::kInfo, area, message); }
inline void logWarning(std::string_view area, std::string_view message) { log(LogLevel::kWarning, area, message); }
inline void logError(std::string_view area, std::string_view message) { log(LogLevel::kError, area, message); }

}  // namespace hearthgate
