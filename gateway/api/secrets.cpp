// GET /recovery-words, POST /recovery-words/confirm, POST /tokens/rotate.
#include "api/event_streams.h"
#include "api/json_text.h"
#include "api/router.h"
#include "base/log.h"

namespace hearthgate::api {
namespace {

// The words of which a person is asked two, counted from 1. Always the same: they prove that something was written
// down, not who writes.
constexpr int64_t kAsked[] = {3, 9};

Result<std::vector<std::string>> words(Gateway& gateway) {
  HG_TRY(std::optional<std::vector<std::string>> kept, gateway.parts.identity.recoveryWords());
  if (kept) return std::move(*kept);
  return stateError(
      "recovery_words_gone",
      "The recovery words were confirmed and are not on this machine any more; they stand where you wrote them.");
}

// Seeing the words equals being the home (TRUST.md T31): without encryption they do not cross a network.
Status onlyHere(const Call& call) {
  if (call.loopback) return {};
  return inputError(
      "loopback_only",
      "The recovery words are shown on the gateway itself only, because this connection is not encrypted.");
}

Result<Answer> show(Gateway& gateway, Call& call) {
  HG_CHECK(onlyHere(call));
  HG_TRY(std::vector<std::string> list, words(gateway));
  HG_CHECK(gateway.audit({"recovery-words.show", "", ""}));
  std::string out;
  ObjectText object(&out);
  {
    ArrayText items(&object.value("words"));
    for (const std::string& word : list) items.text(word);
  }
  {
    ArrayText ask(&object.value("ask"));
    for (int64_t position : kAsked) *ask.item() += std::to_string(position);
  }
  object.close();
  return Answer::json(std::move(out));
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// `{"words":[{"position":3,"word":"…"},{"position":9,"word":"…"}]}`.
Result<Answer> confirm(Gateway& gateway, Call& call) {
  HG_CHECK(onlyHere(call));
  HG_TRY(model::Json body, call.readObject({"words"}));
  HG_TRY(std::vector<std::string> list, words(gateway));
  const model::Json* given = body.find("words");
  if (!given || given->type != model::Json::Type::kArray) return missingMember("words");
  size_t right = 0;
  for (int64_t position : kAsked) {
    for (const model::Json& item : given->items) {
      HG_CHECK(checkMembers(item, {"position", "word"}));
      HG_TRY(std::optional<int64_t> at, wholeMember(item, "position"));
      HG_TRY(std::optional<std::string> word, textMember(item, "word"));
      if (at && *at == position && word && lower(*word) == list[static_cast<size_t>(position - 1)]) {
        ++right;
        break;
      }
    }
  }
  if (right != std::size(kAsked)) {
    return inputError("recovery_words_wrong",
                      "The words at the places asked for (3 and 9) are not these; look at the list again.");
  }
  HG_CHECK(gateway.parts.identity.confirmRecoveryWords());
  HG_CHECK(gateway.audit({"recovery-words.confirm", "", ""}));
  return Answer::nothing();
}

// The old token is wrong from here on, so the streams that it opened end; it may be even where something failed.
Result<Answer> rotate(Gateway& gateway, Call&) {
  auto rotated = gateway.tokens.rotate(gateway.parts.random);
  gateway.streams->closeAll();
  HG_TRY(std::string token, std::move(rotated));
  // The new one is in force already and must be told, so a failure of the audit alone only stands in the log.
  if (Status status = gateway.audit({"token.rotate", "admin", ""}); !status.ok()) {
    logWarning("api", "The rotation of the token could not be audited: " + status.error().message);
  }
  std::string out;
  ObjectText object(&out);
  object.text("token", token);
  object.close();
  return Answer::json(std::move(out));
}

}  // namespace

void addSecretRoutes(Router& router) {
  router.add({"GET", "/api/v1/recovery-words", {}, show});
  router.add({"POST", "/api/v1/recovery-words/confirm", {}, confirm});
  router.add({"POST", "/api/v1/tokens/rotate", {}, rotate});
}

}  // namespace hearthgate::api
