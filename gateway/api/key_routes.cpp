// GET /keys, POST /keys/rotate.
#include "api/json_text.h"
#include "api/router.h"
#include "base/log.h"
#include "trust/crypto.h"
#include "trust/words.h"

namespace hearthgate::api {
namespace {

Answer keysAnswer(const sync::KeyReport& report, const HomeId& home) {
  std::string out;
  ObjectText object(&out);
  object.text("home", home.text()).number("epoch", report.epoch).text("key", report.name);
  object.text("by", report.by == trust::VouchedBy::kRoot ? "root" : "chain").number("former", report.former);
  {
    ArrayText waiting(&object.value("waiting"));
    for (const auto& [id, name] : report.waiting) ObjectText(waiting.item()).text("id", id.text()).text("name", name);
  }
  object.boolean("foreign", report.foreign);
  object.close();
  return Answer::json(std::move(out));
}

Result<Answer> show(Gateway& gateway, Call&) {
  HG_TRY(sync::KeyReport report, gateway.parts.homes.keys());
  return keysAnswer(report, gateway.parts.identity.home());
}

// `{"words"?, "compromised"?}`. Words are this home (TRUST.md T31): they do not cross a network in plain text.
Result<Answer> rotate(Gateway& gateway, Call& call) {
  HG_TRY(model::Json body, call.readObject({"words", "compromised"}, true));
  HG_TRY(std::optional<std::string> words, textMember(body, "words"));
  HG_TRY(std::optional<bool> compromised, flagMember(body, "compromised"));
  trust::KeyRenewal renewal{"rotated", "", compromised.value_or(false)};
  if (renewal.compromised) renewal.reason = "compromised";
  if (renewal.compromised && !words) {
    return inputError("recovery_words_needed",
                      "A key that somebody else may have is replaced with the recovery words: \"words\" of the body.");
  }
  if (words) {
    if (!call.loopback) {
      return inputError("loopback_only",
                        "The recovery words are taken on the gateway itself only, because this connection is not encrypted.");
    }
    auto seed = trust::parseRecoveryWords(*words);
    trust::wipe(*words);
    HG_TRY(renewal.seed, std::move(seed));
  }
  auto renewed = gateway.parts.homes.renewKey(renewal);
  trust::wipe(renewal.seed);
  HG_TRY(sync::KeyReport report, std::move(renewed));
  // It is in force, so a failure of the audit alone only stands in the log.
  if (Status status = gateway.audit({"key.rotate", report.name, renewal.reason}); !status.ok()) {
    logWarning("api", "The rotation of the key could not be audited: " + status.error().message);
  }
  return keysAnswer(report, gateway.parts.identity.home());
}

}  // namespace

void addKeyRoutes(Router& router) {
  router.add({"GET", "/api/v1/keys", {}, show});
  router.add({"POST", "/api/v1/keys/rotate", {}, rotate});
}

}  // namespace hearthgate::api
