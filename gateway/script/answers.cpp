// What the worker answers, as the gateway reads it: a stranger's bytes.
#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "conflict/view.h"
#include "model/field_types.h"
#include "model/limits.h"
#include "script/frames.h"
#include "script/tuning.h"

namespace hearthgate::script {
namespace {

// Codes that the worker may give; those that say how it ended are the gateway's own.
constexpr std::array<std::string_view, 5> kWorkerCodes = {"bad_script", "script_failed", "bad_result", "result_too_large",
                                                          "memory_limit"};

Error badAnswer(const std::string& why) {
  return pluginError("bad_answer", "The script's worker gave an answer that is none: " + why + ".");
}

// The fields as the model takes and writes them, or why it does not.
Outcome checkedResult(std::string_view fields, std::string reason) {
  if (!model::mentionsTypes(fields) && model::checkFieldsText(fields).ok()) return Resolved{std::string(fields), std::move(reason)};
  auto object = model::parseJson(fields, model::kMaxDepth);
  if (!object.ok()) return Failed{"bad_result", "The fields that the script returned: " + object.error().message};
  if (model::mentionsTypes(*object)) {
    return Failed{"bad_result", "The fields that the script returned have a `$type`; a set is returned as a list, a counter as a number."};
  }
  auto text = model::fieldsText(*object);
  if (!text.ok()) return Failed{"bad_result", "The fields that the script returned: " + text.error().message};
  return Resolved{std::move(*text), std::move(reason)};
}

Result<Answer> parseCaseAnswer(AnswerKind kind, FrameReader reader) {
  CaseAnswer answer;
  answer.number = reader.number();
  if (kind == AnswerKind::kFailed) {
    const std::string_view code = reader.text();
    const std::string_view message = reader.text();
    if (!reader.whole()) return badAnswer("a failure of another length than it says");
    if (std::find(kWorkerCodes.begin(), kWorkerCodes.end(), code) == kWorkerCodes.end()) return badAnswer("an unknown code");
    answer.outcome = Failed{std::string(code), displayName(message, kMessageBytes)};
    return Answer(std::move(answer));
  }
  const std::string_view reason = reader.text();
  const std::string_view fields = kind == AnswerKind::kResolved ? reader.text() : std::string_view();
  if (!reader.whole()) return badAnswer("a result of another length than it says");
  std::string shown = displayName(reason, kReasonBytes);
  if (shown.empty()) return badAnswer("a result without a reason");
  if (kind == AnswerKind::kResolved) {
    answer.outcome = checkedResult(fields, std::move(shown));
  } else {
    answer.outcome = Declined{std::move(shown)};
  }
  return Answer(std::move(answer));
}

Result<Answer> parseDescription(FrameReader reader) {
  Description description;
  description.name = reader.text();
  description.about = displayName(reader.text(), kAboutBytes);
  for (auto* list : {&description.kinds, &description.ids}) {
    const uint32_t count = reader.number();
    if (count > kMaxPatterns) return badAnswer("a description with too many patterns");
    for (uint32_t i = 0; i < count; ++i) list->emplace_back(reader.text());
  }
  if (!reader.whole()) return badAnswer("a description of another length than it says");
  HG_CHECK(checkScriptName(description.name));
  for (const std::string& kind : description.kinds) HG_CHECK(model::checkKind(kind));
  for (const std::string& id : description.ids) HG_CHECK(model::checkPattern(id));
  return Answer(std::move(description));
}

}  // namespace

Status checkScriptName(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto may = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  if (name.empty() || name.size() > 63 || !letter(name.front()) || !std::all_of(name.begin(), name.end(), may)) {
    return inputError("bad_script", "The script's name '" + displayName(name) +
                                        "' is none; a name is a small letter and up to 62 small letters, digits and hyphens.");
  }
  if (conflict::parseStrategy(name)) {
    return inputError("bad_script", "The script's name '" + std::string(name) + "' is that of a built-in strategy; give it another.");
  }
  return {};
}

Result<Answer> parseAnswer(std::string_view frame) {
  FrameReader reader(frame);
  const auto kind = static_cast<AnswerKind>(reader.byte());
  switch (kind) {
    case AnswerKind::kReady: {
      const uint8_t protocol = reader.byte();
      if (!reader.whole()) return badAnswer("a greeting of another length");
      return Answer(Ready{protocol});
    }
    case AnswerKind::kResolved:
    case AnswerKind::kDeclined:
    case AnswerKind::kFailed: return parseCaseAnswer(kind, reader);
    case AnswerKind::kDescribed: return parseDescription(reader);
  }
  return badAnswer("of an unknown kind");
}

}  // namespace hearthgate::script
