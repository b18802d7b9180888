#include "api/problem.h"

#include "api/json_text.h"

namespace hearthgate::api {
namespace {

int statusOfDomain(Domain domain) {
  switch (domain) {
    case Domain::kInput:
      return 422;
    case Domain::kState:
      return 409;
    case Domain::kNetwork:
      return 502;
    case Domain::kTrust:
      return 403;
    // A plugin's own codes are open; what it answered is told as it is.
    case Domain::kPlugin:
      return 409;
    case Domain::kStorage:
    case Domain::kSystem:
      return 500;
  }
  return 500;
}

}  // namespace

const std::map<std::string, int, std::less<>>& problemStatuses() {
  static const std::map<std::string, int, std::less<>> table = {
      // the request itself
      {"bad_json", 400},
      {"bad_id", 400},
      {"bad_query", 400},
      {"bad_request", 400},
      {"body_broken", 400},
      {"bad_address", 422},
      {"bad_document", 422},
      {"until_past", 422},
      {"unknown_strategy", 422},
      {"too_large", 413},
      {"body_too_large", 413},
      {"unsupported_media_type", 415},
      {"method_not_allowed", 405},
      {"not_found", 404},
      {"not_served", 404},
      {"length_required", 411},
      // who asks
      {"unauthorized", 401},
      {"too_many_wrong_tokens", 429},
      {"foreign_origin", 403},
      {"loopback_only", 403},
      {"too_many_streams", 429},
      {"too_many_waiting", 503},
      // circles
      {"circle_not_found", 404},
      {"wish_not_found", 404},
      {"invitation_not_found", 404},
      {"not_keeper", 403},
      {"not_a_member", 409},
      {"already_member", 409},
      {"circle_full", 409},
      {"circles_full", 409},
      {"circle_needs_pass", 409},
      {"keeper_must_hand_over", 409},
      {"wish_not_ready", 409},
      {"home_is_own", 422},
      {"bad_name", 422},
      // entities
      {"entity_not_found", 404},
      {"version_not_found", 404},
      {"version_purged", 410},
      {"entity_deleted", 410},
      {"no_longer_shared", 410},
      {"kind_differs", 409},
      {"vector_full", 409},
      {"rules_full", 409},
      {"read_only", 403},
      {"not_owner", 403},
      {"precondition_failed", 412},
      {"grant_not_found", 404},
      {"rule_not_found", 404},
      {"strategy_not_found", 404},
      {"strategy_builtin", 409},
      {"conflict_not_found", 404},
      {"conflict_closed", 409},
      // homes and pairing
      {"home_not_found", 404},
      {"pairing_code_mistyped", 422},
      {"pairing_uri_bad", 422},
      {"pairing_wrong_code", 403},
      {"pairing_not_open", 409},
      {"pairing_unreachable", 502},
      {"pairing_not_a_home", 502},
      {"pairing_version", 426},
      {"pairing_refused", 403},
      {"pairing_throttled", 429},
      {"pairing_no_address", 422},
      {"not_supported", 501},
      // plugins, words
      {"plugin_not_found", 404},
      {"unknown_plugin", 404},
      {"recovery_words_gone", 410},
      {"recovery_words_wrong", 403},
      {"recovery_words_mistyped", 422},
      {"recovery_words_needed", 422},
      {"key_chain_full", 409},
      {"restore_not_held", 409},
      // the machine
      {"storage_full", 507},
      {"storage_not_writable", 503},
      {"storage_failed", 503},
      {"database_locked", 503},
      {"database_corrupt", 500},
      {"stopping", 503},
      {"internal", 500},
  };
  return table;
}

int statusOf(const Error& error) {
  auto at = problemStatuses().find(error.code);
  return at != problemStatuses().end() ? at->second : statusOfDomain(error.domain);
}

std::string reasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Error";
  }
}

Answer problem(const Error& error) { return problem(error, statusOf(error)); }

Answer problem(const Error& error, int status) {
  Answer answer;
  answer.status = status;
  answer.content_type = "application/problem+json";
  ObjectText object(&answer.body);
  // RFC 9457 section 4.2.1: about:blank says that title is the status' phrase; `code` tells the rest.
  object.text("type", "about:blank").text("title", reasonPhrase(status)).number("status", status);
  object.text("detail", error.message).text("code", error.code);
  object.close();
  return answer;
}

}  // namespace hearthgate::api
