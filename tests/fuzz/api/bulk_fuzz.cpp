// The body of POST /entities:bulk: each line is accepted or rejected, no line is lost, and the numbers of the rejected
// ones are those of the body.
#include <algorithm>

#include "base/assert.h"
#include "fuzz/api/fuzzed_api.h"
#include "model/limits.h"

using namespace hearthgate;

namespace {

uint64_t numberIn(const model::Json& json, const char* name) {
  const model::Json* member = json.find(name);
  HG_ASSERT(member && member->type == model::Json::Type::kNumber);
  return std::stoull(member->text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::FuzzedApi home;
  fuzz::RequestText request;
  request.method = "POST";
  request.target = "/api/v1/entities:bulk";
  request.headers["Content-Type"] = "application/x-ndjson";
  request.body = std::string(reinterpret_cast<const char*>(data), size);
  request.chunked = size % 2 == 0;
  api::Answer answer = home.ask(request);
  HG_ASSERT(answer.status == 200);
  std::string body = home.named(request.body);
  uint64_t lines = 0, last = 0;
  for (size_t at = 0; at < body.size();) {
    size_t end = std::min(body.find('\n', at), body.size());
    ++last;
    if (body.substr(at, end - at).find_first_not_of(" \t\r") != std::string::npos) ++lines;
    at = end + 1;
  }
  auto json = model::parseJson(answer.body, model::kMaxDepth);
  HG_ASSERT(json.ok());
  uint64_t rejected = numberIn(*json, "rejected_count");
  HG_ASSERT(numberIn(*json, "accepted") + rejected == lines);
  const model::Json* list = json->find("rejected");
  HG_ASSERT(list && list->items.size() == rejected);
  uint64_t before = 0;
  for (const model::Json& item : list->items) {
    uint64_t line = numberIn(item, "line");
    HG_ASSERT(line > before && line <= last && item.find("code") && item.find("detail"));
    before = line;
  }
  home.checkStored();
  return 0;
}
