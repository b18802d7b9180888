// POST, GET and DELETE /pairing, POST /pairing/confirm, POST /pairing/join.
#include "api/items.h"
#include "api/json_text.h"
#include "api/pairing_qr.h"
#include "api/router.h"
#include "base/utf8.h"

namespace hearthgate::api {
namespace {

// `"confirm"`: whether this home's person has agreed in advance.
Result<bool> autoConfirm(const model::Json& body) {
  HG_TRY(std::optional<std::string> confirm, textMember(body, "confirm"));
  if (!confirm || *confirm == "ask") return false;
  if (*confirm == "auto") return true;
  return inputError("bad_document", "\"confirm\" of the body is ask or auto.");
}

Result<Answer> open(Gateway& gateway, Call& call) {
  HG_TRY(model::Json body, call.readObject({"ttl_s", "confirm"}, true));
  HG_TRY(std::optional<int64_t> ttl_s, wholeMember(body, "ttl_s"));
  HG_TRY(bool auto_confirm, autoConfirm(body));
  if (ttl_s && (*ttl_s < 1 || *ttl_s > kMaxPairingTtlS)) {
    return inputError("bad_document", "\"ttl_s\" of the body is 1 to 3600 seconds.");
  }
  HG_TRY(PairingCode code, gateway.parts.homes.openPairing(ttl_s.value_or(kDefaultPairingTtlS), auto_confirm));
  HG_CHECK(gateway.audit({"pairing.open", "", auto_confirm ? "confirmed in advance" : ""}));
  std::string out;
  ObjectText object(&out);
  object.text("code", code.code).text("uri", code.uri).time("expires_at", code.expires_at_ms);
  object.text("qr_svg", qrSvg(pairingQr(code.uri)));
  object.close();
  return Answer::json(std::move(out));
}

Error nothingOpen() {
  return stateError("pairing_not_open", "No pairing is open here; `pair` opens one, `join` joins another home's.");
}

Result<Answer> get(Gateway& gateway, Call& call) {
  std::string role = call.queryText("role");
  if (!role.empty() && role != "invites" && role != "joins") return inputError("bad_query", "The query key role is invites or joins.");
  PairingState pairing = gateway.parts.homes.pairing(role);
  if (pairing.state == "none") return nothingOpen();
  return Answer::json(pairingText(pairing));
}

Result<Answer> confirm(Gateway& gateway, Call&) {
  HG_CHECK(gateway.parts.homes.confirmPairing());
  auto peer = gateway.parts.homes.pairing("").peer;
  HG_CHECK(gateway.audit({"pairing.confirm", peer ? peer->text() : "", ""}));
  return Answer::json(pairingText(gateway.parts.homes.pairing("")));
}

Result<Answer> cancel(Gateway& gateway, Call&) {
  gateway.parts.homes.cancelPairing();
  HG_CHECK(gateway.audit({"pairing.cancel", "", ""}));
  return Answer::nothing();
}

Result<Answer> pairedAnswer(Gateway& gateway, const HomeId& home) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    auto peer = reader.peer(home);
    if (!peer) return homeNotFound(home.text());
    std::string out;
    ObjectText object(&out);
    object.raw("home", homeText(gateway, reader, *peer));
    object.close();
    return Answer::json(std::move(out));
  });
}

Result<Answer> join(Gateway& gateway, Call& call) {
  HG_TRY(model::Json body, call.readObject({"code", "uri", "address", "confirm"}));
  HG_TRY(std::optional<std::string> code, textMember(body, "code"));
  HG_TRY(std::optional<std::string> uri, textMember(body, "uri"));
  HG_TRY(std::optional<std::string> address, textMember(body, "address"));
  HG_TRY(bool auto_confirm, autoConfirm(body));
  if (code.has_value() == uri.has_value())
    return inputError("bad_document", "The body has exactly one of \"code\" and \"uri\".");
  HG_TRY(PairingState pairing, gateway.parts.homes.join(code ? *code : *uri, address, auto_confirm));
  HG_CHECK(gateway.audit({"pairing.join", pairing.peer ? pairing.peer->text() : "",
                          pairing.state == "failed" && pairing.error ? pairing.error->code : pairing.state}));
  if (pairing.state == "failed" && pairing.error) return *pairing.error;
  if (pairing.state == "done" && pairing.peer) return pairedAnswer(gateway, *pairing.peer);
  return Answer::json(pairingText(pairing), 202);
}

void appendAmount(const PairingAmount& amount, std::string* out) {
  ObjectText object(out);
  object.number("entities", amount.entities).number("bytes", amount.bytes);
  ArrayText kinds(&object.value("kinds"));
  for (const PairingAmount::Kind& kind : amount.kinds) {
    ObjectText item(kinds.item());
    item.text("kind", displayName(kind.kind)).number("entities", kind.entities).number("bytes", kind.bytes);
  }
}

}  // namespace

std::string pairingText(const PairingState& pairing) {
  std::string out;
  ObjectText object(&out);
  object.text("state", pairing.state).number("failed_tries", pairing.failed_tries);
  object.textOrNull("failed_text", pairing.failed_text);
  object.time("expires_at", pairing.expires_at_ms ? std::optional<int64_t>(pairing.expires_at_ms) : std::nullopt);
  if (pairing.peer) {
    ObjectText peer(&object.value("peer"));
    peer.text("id", pairing.peer->text()).text("name", displayName(pairing.peer_name));
    if (pairing.clock_offset_ms) {
      peer.number("clock_offset_ms", *pairing.clock_offset_ms);
    } else {
      peer.raw("clock_offset_ms", "null");
    }
  } else {
    object.raw("peer", "null");
  }
  {
    ArrayText notices(&object.value("notices"));
    for (const auto& notice : pairing.notices) {
      ObjectText item(notices.item());
      item.text("code", notice.code).text("detail", notice.detail);
    }
  }
  {
    ArrayText words(&object.value("words"));
    for (const std::string& word : pairing.words) words.text(word);
  }
  {
    ObjectText preview(&object.value("preview"));
    appendAmount(pairing.to_send, &preview.value("to_send"));
    appendAmount(pairing.to_receive, &preview.value("to_receive"));
  }
  object.textOrNull("code", pairing.error ? pairing.error->code : "");
  object.textOrNull("reason", pairing.error ? pairing.error->message : "");
  object.close();
  return out;
}

void addPairingRoutes(Router& router) {
  router.add({"POST", "/api/v1/pairing", {}, open});
  router.add({"GET", "/api/v1/pairing", {"role"}, get});
  router.add({"DELETE", "/api/v1/pairing", {}, cancel});
  router.add({"POST", "/api/v1/pairing/confirm", {}, confirm});
  router.add({"POST", "/api/v1/pairing/join", {}, join, true});
}

}  // namespace hearthgate::api
