// One request and its answer as the handlers see them, without any HTTP library. A Call lives on its request's thread.
#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/tuning.h"
#include "base/result.h"
#include "model/json.h"

namespace hearthgate::api {

inline constexpr std::string_view kJson = "application/json";

struct Answer {
  int status = 200;
  std::string content_type = std::string(kJson);
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // Set when the connection was handed to the event streams: nothing is sent.
  bool taken_over = false;

  static Answer json(std::string body, int status = 200) {
    return {status, std::string(kJson), std::move(body), {}, false};
  }
  static Answer nothing() { return {204, "", "", {}, false}; }
};

class Call {
 public:
  virtual ~Call() = default;

  std::string method;
  std::string path;                          // as it came, without the query
  std::vector<std::string> parameters;       // what stood at the route's {…}, decoded
  std::map<std::string, std::string> query;  // decoded
  std::string remote_address;                // the IP alone
  bool loopback = false;

  // Empty when the request has none. Case of `name` does not matter.
  virtual std::optional<std::string> header(const std::string& name) const = 0;
  // The body's bytes; at its end bodyComplete() says of the bytes that were read whether the connection broke before.
  virtual std::istream& bodyStream() = 0;
  virtual bool bodyComplete(uint64_t read) = 0;
  // Announced length, or nothing when it comes in chunks.
  virtual std::optional<uint64_t> bodyLength() const = 0;
  virtual bool hasBody() const = 0;
  // Takes the connection away from the request: a descriptor that the caller closes, or -1 when there is none left.
  virtual int takeConnection() = 0;

  const std::string& parameter(size_t n) const { return parameters.at(n); }

  // The whole body. Errors: body_too_large, body_broken.
  Result<std::string> readBody(size_t limit);
  // The body as a JSON object that has only the members `known`; an empty body is `{}` when `may_be_empty`.
  // `content_types` beside application/json. Errors also: unsupported_media_type, bad_json, bad_document.
  Result<model::Json> readObject(const std::vector<std::string_view>& known, bool may_be_empty = false);
  // Any JSON value (for merge patches).
  Result<model::Json> readJson(const std::vector<std::string_view>& content_types);
  // Errors: unsupported_media_type.
  Status checkContentType(const std::vector<std::string_view>& allowed) const;

  // Query values. Errors: bad_query.
  Result<std::optional<bool>> queryFlag(const std::string& name) const;
  Result<size_t> queryLimit() const;
  std::string queryText(const std::string& name) const;
};

// Members of a body by type. Errors: bad_document, naming the member.
Result<std::optional<std::string>> textMember(const model::Json& object, std::string_view name);
Result<std::optional<bool>> flagMember(const model::Json& object, std::string_view name);
Result<std::optional<int64_t>> wholeMember(const model::Json& object, std::string_view name);
Error missingMember(std::string_view name);
// Only `known` members. Errors: bad_document.
Status checkMembers(const model::Json& object, const std::vector<std::string_view>& known);

// `%41` decoded; nothing when it is malformed, holds a zero byte or is no UTF-8.
std::optional<std::string> percentDecoded(std::string_view text, bool plus_is_space);
// Splits `?a=b&c` of a target. Errors: bad_query (malformed, or a key that stands twice).
Result<std::map<std::string, std::string>> parseQuery(std::string_view text);

// Opaque `after` of lists: base32 of what the list goes on after.
std::string pageMark(std::string_view text);
Result<std::string> parsePageMark(const std::string& mark);

}  // namespace hearthgate::api
