// What the worker that runs scripts answers: whatever is taken for an answer holds to the rules, is fit to be stored and shown,
// and says the same when it is written again.
#include <cstdint>

#include "base/assert.h"
#include "base/utf8.h"
#include "model/address.h"
#include "model/field_types.h"
#include "model/leaves.h"
#include "model/limits.h"
#include "script/frames.h"
#include "script/tuning.h"

namespace {

using namespace hearthgate;
using namespace hearthgate::script;

void checkShown(const std::string& text, size_t most) {
  HG_ASSERT(!text.empty() && text.size() <= most && displayName(text, most) == text);
}

void checkOutcome(const CaseAnswer& answer) {
  if (const auto* resolved = std::get_if<Resolved>(&answer.outcome)) {
    checkShown(resolved->reason, kReasonBytes);
    HG_ASSERT(model::checkFieldsText(resolved->fields).ok());
    // A text that has the key may be a value; a field that has it is refused.
    HG_ASSERT(!model::mentionsTypes(*model::parseJson(resolved->fields, model::kMaxDepth)));
  } else if (const auto* declined = std::get_if<Declined>(&answer.outcome)) {
    checkShown(declined->reason, kReasonBytes);
  } else {
    HG_ASSERT(isUtf8(std::get<Failed>(answer.outcome).message));
    HG_ASSERT(std::get<Failed>(answer.outcome).message.size() < 1000);
  }
  const std::string again = answerFrame(answer.number, answer.outcome);
  if (again.size() - 4 > kFrameBytes) return;
  auto read = parseAnswer(std::string_view(again).substr(4));
  HG_ASSERT(read.ok() && std::get<CaseAnswer>(*read).number == answer.number && std::get<CaseAnswer>(*read).outcome == answer.outcome);
}

void checkDescription(const Description& description) {
  HG_ASSERT(checkScriptName(description.name).ok() && description.about.size() <= kAboutBytes && isUtf8(description.about));
  HG_ASSERT(description.kinds.size() <= kMaxPatterns && description.ids.size() <= kMaxPatterns);
  for (const std::string& kind : description.kinds) HG_ASSERT(model::checkKind(kind).ok());
  for (const std::string& id : description.ids) HG_ASSERT(model::checkPattern(id).ok());
  auto read = parseAnswer(std::string_view(answerFrame(description)).substr(4));
  HG_ASSERT(read.ok() && std::get<Description>(*read) == description);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (true) {
    auto frame = firstFrame(rest);
    if (!frame.ok()) {
      HG_ASSERT(frame.error().code == "bad_answer");
      break;
    }
    if (!*frame) break;
    HG_ASSERT((*frame)->size() <= kFrameBytes && (*frame)->size() + 4 <= rest.size());
    rest.remove_prefix((*frame)->size() + 4);
    auto answer = parseAnswer(**frame);
    if (!answer.ok()) {
      HG_ASSERT(!answer.error().code.empty() && isUtf8(answer.error().message) && answer.error().message.size() < 1000);
      break;
    }
    if (const auto* of_case = std::get_if<CaseAnswer>(&*answer)) checkOutcome(*of_case);
    if (const auto* description = std::get_if<Description>(&*answer)) checkDescription(*description);
  }
  return 0;
}
