// What the gateway and the worker say to each other: frames, each a length (4 bytes, little endian) and that many bytes. What
// the worker says is a stranger's. Used by both; values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "script/case.h"

namespace hearthgate::script {

// Raised when what is said in a frame changes; both programs come from one build.
inline constexpr uint8_t kProtocol = 1;

// How the worker ends by itself, when it does.
enum ExitStatus : int {
  kExitDone = 0,  // its input ended
  kExitTime = 20,
  kExitRequest = 21,
  kExitLimits = 30,
  kExitPrivileges = 31,
  kExitDescriptors = 32,
  kExitTimer = 33,
  kExitFilter = 34,
};
// What that means, as part of a sentence.
std::string exitText(int status);

// Takes numbers and texts out of a frame. After the first one that is not there all are empty, and whole() is false.
class FrameReader {
 public:
  explicit FrameReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t byte();
  uint32_t number();
  int64_t wide();
  std::string_view text();
  bool ok() const { return ok_; }
  // Everything was there and has been taken.
  bool whole() const { return ok_ && rest_.empty(); }

 private:
  std::string_view take(size_t count);
  std::string_view rest_;
  bool ok_ = true;
};

void appendByte(uint8_t value, std::string* out);
void appendNumber(uint32_t value, std::string* out);
void appendWide(int64_t value, std::string* out);
void appendText(std::string_view value, std::string* out);

// Requests. `run`: the script and cases, which have numbers from `base` on; `describe`: a text.
enum class Request : uint8_t { kRun = 'R', kDescribe = 'D' };

std::string encodeCase(const Case& what);
// `cases` are encodeCase()'s, one after the other. With its length before it.
std::string runFrame(std::string_view name, std::string_view text, uint32_t base, uint32_t count, std::string_view cases);
std::string describeFrame(std::string_view text);

// What a script says of itself.
struct Description {
  std::string name;
  std::string about;
  std::vector<std::string> kinds;  // `applies_to`; empty: any
  std::vector<std::string> ids;    // patterns; empty: any
  bool operator==(const Description&) const = default;
};

enum class AnswerKind : uint8_t { kReady = 'H', kResolved = 'R', kDeclined = 'N', kFailed = 'F', kDescribed = 'D' };

struct Ready {
  uint8_t protocol = 0;
};
struct CaseAnswer {
  uint32_t number = 0;
  Outcome outcome;
};
using Answer = std::variant<Ready, CaseAnswer, Description>;

// The worker's side; with the length before it.
std::string answerFrame(uint32_t number, const Outcome& outcome);
std::string answerFrame(const Description& description);
std::string readyFrame();

// The gateway's side. Checks all that it gives: lengths, codes, UTF-8, the fields by the model's rules and in canonical form, the name
// and patterns of a description. Fails with `bad_answer`; a result that only the model refuses is a Failed in a good answer.
Result<Answer> parseAnswer(std::string_view frame);

// The first whole frame of `bytes` without its length, or nothing yet. Fails with `bad_answer` when it is too long to come.
Result<std::optional<std::string_view>> firstFrame(std::string_view bytes);

// Checks a name that people and rules use: [a-z][a-z0-9-]{0,62} and none of the built-in strategies'. Fails with `bad_script`.
Status checkScriptName(std::string_view name);

}  // namespace hearthgate::script
