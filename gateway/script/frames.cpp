#include "script/frames.h"

#include <algorithm>
#include <array>

#include "script/tuning.h"

namespace hearthgate::script {

std::string exitText(int status) {
  switch (status) {
    case kExitDone: return "it ended without being told to";
    case kExitTime: return "it ended itself after its time";
    case kExitRequest: return "it did not understand a request; are both programs of one version?";
    case kExitLimits: return "it could not limit its memory and files";
    case kExitPrivileges: return "it could not refuse new privileges";
    case kExitDescriptors: return "it could not close what it had inherited";
    case kExitTimer: return "it could not set its timer";
    case kExitFilter: return "it could not filter its system calls; does the kernel have seccomp?";
    default: return "it ended with status " + std::to_string(status);
  }
}

std::string_view FrameReader::take(size_t count) {
  if (!ok_ || rest_.size() < count) {
    ok_ = false;
    return {};
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

uint8_t FrameReader::byte() {
  const std::string_view taken = take(1);
  return taken.empty() ? 0 : static_cast<uint8_t>(taken[0]);
}

uint32_t FrameReader::number() {
  uint32_t value = 0;
  const std::string_view taken = take(4);
  for (size_t i = taken.size(); i-- > 0;) value = (value << 8) | static_cast<uint8_t>(taken[i]);
  return value;
}

int64_t FrameReader::wide() {
  uint64_t value = 0;
  const std::string_view taken = take(8);
  for (size_t i = taken.size(); i-- > 0;) value = (value << 8) | static_cast<uint8_t>(taken[i]);
  return static_cast<int64_t>(value);
}

std::string_view FrameReader::text() { return take(number()); }

void appendByte(uint8_t value, std::string* out) { *out += static_cast<char>(value); }

void appendNumber(uint32_t value, std::string* out) {
  const char bytes[] = {static_cast<char>(value), static_cast<char>(value >> 8), static_cast<char>(value >> 16),
                        static_cast<char>(value >> 24)};
  out->append(bytes, sizeof bytes);
}

void appendWide(int64_t value, std::string* out) {
  appendNumber(static_cast<uint32_t>(value), out);
  appendNumber(static_cast<uint32_t>(static_cast<uint64_t>(value) >> 32), out);
}

void appendText(std::string_view value, std::string* out) {
  appendNumber(static_cast<uint32_t>(value.size()), out);
  out->append(value);
}

namespace {

constexpr size_t kUsualRest = 160;  // bytes of a version, or of the entity, beside the fields

// Puts the length before what was appended, where four bytes were left for it.
void setLength(std::string* out) {
  const auto length = static_cast<uint32_t>(out->size() - 4);
  for (int i = 0; i < 4; ++i) (*out)[static_cast<size_t>(i)] = static_cast<char>(length >> (8 * i));
}

// With room for texts of so many bytes.
std::string begunFrame(uint8_t kind, size_t bytes = 0) {
  constexpr size_t kNumbers = 32;
  std::string out;
  out.reserve(kNumbers + bytes);
  out.append(4, '\0');
  appendByte(kind, &out);
  return out;
}

}  // namespace

std::string encodeCase(const Case& what) {
  size_t bytes = 0;
  for (const CaseVersion& version : what.versions) bytes += version.fields.size();
  std::string out;
  out.reserve(bytes + kUsualRest * (what.versions.size() + 1));
  for (const std::string* text : {&what.address, &what.id, &what.kind, &what.owner}) appendText(*text, &out);
  appendNumber(static_cast<uint32_t>(what.versions.size()), &out);
  for (const CaseVersion& version : what.versions) {
    appendText(version.fields, &out);
    appendText(version.author, &out);
    appendText(version.author_name, &out);
    appendWide(version.time_ms, &out);
    appendByte(static_cast<uint8_t>((version.trusted ? 1 : 0) | (version.deleted ? 2 : 0) | (version.owner ? 4 : 0)), &out);
    appendNumber(static_cast<uint32_t>(version.changed.size()), &out);
    for (const std::string& path : version.changed) appendText(path, &out);
  }
  return out;
}

std::string runFrame(std::string_view name, std::string_view text, uint32_t base, uint32_t count, std::string_view cases) {
  std::string out = begunFrame(static_cast<uint8_t>(Request::kRun));
  out.reserve(out.size() + name.size() + text.size() + cases.size() + 32);
  appendText(name, &out);
  appendText(text, &out);
  appendNumber(base, &out);
  appendNumber(count, &out);
  out.append(cases);
  setLength(&out);
  return out;
}

std::string describeFrame(std::string_view text) {
  std::string out = begunFrame(static_cast<uint8_t>(Request::kDescribe));
  appendText(text, &out);
  setLength(&out);
  return out;
}

std::string answerFrame(uint32_t number, const Outcome& outcome) {
  if (const auto* resolved = std::get_if<Resolved>(&outcome)) {
    std::string out = begunFrame(static_cast<uint8_t>(AnswerKind::kResolved), resolved->reason.size() + resolved->fields.size());
    appendNumber(number, &out);
    appendText(resolved->reason, &out);
    appendText(resolved->fields, &out);
    setLength(&out);
    return out;
  }
  if (const auto* declined = std::get_if<Declined>(&outcome)) {
    std::string out = begunFrame(static_cast<uint8_t>(AnswerKind::kDeclined));
    appendNumber(number, &out);
    appendText(declined->reason, &out);
    setLength(&out);
    return out;
  }
  const auto& failed = std::get<Failed>(outcome);
  std::string out = begunFrame(static_cast<uint8_t>(AnswerKind::kFailed));
  appendNumber(number, &out);
  appendText(failed.code, &out);
  appendText(failed.message, &out);
  setLength(&out);
  return out;
}

std::string answerFrame(const Description& description) {
  std::string out = begunFrame(static_cast<uint8_t>(AnswerKind::kDescribed));
  appendText(description.name, &out);
  appendText(description.about, &out);
  for (const auto* list : {&description.kinds, &description.ids}) {
    appendNumber(static_cast<uint32_t>(list->size()), &out);
    for (const std::string& text : *list) appendText(text, &out);
  }
  setLength(&out);
  return out;
}

std::string readyFrame() {
  std::string out = begunFrame(static_cast<uint8_t>(AnswerKind::kReady));
  appendByte(kProtocol, &out);
  setLength(&out);
  return out;
}

Result<std::optional<std::string_view>> firstFrame(std::string_view bytes) {
  if (bytes.size() < 4) return std::optional<std::string_view>();
  const size_t length = FrameReader(bytes).number();
  if (length > kFrameBytes) {
    return pluginError("bad_answer", "The script's worker announced an answer of " + std::to_string(length) + " bytes; at most " +
                                         std::to_string(kFrameBytes) + " are read.");
  }
  if (bytes.size() < 4 + length) return std::optional<std::string_view>();
  return std::optional(bytes.substr(4, length));
}

}  // namespace hearthgate::script
