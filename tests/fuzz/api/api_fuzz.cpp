// Requests of a program that has the token and sends anything: some of them to one home, one after the other. Each gets
// a whole answer, what was put is what is shown, and what is stored is fit to be sent to other homes.
//
// The input is text: `METHOD TARGET`, header lines, an empty line, the body; then a byte 0x1E and the next one.
#include <algorithm>

#include "base/assert.h"
#include "fuzz/api/fuzzed_api.h"
#include "model/limits.h"

using namespace hearthgate;

namespace {

constexpr size_t kMaxRequests = 6;
constexpr char kNext = '\x1e';

std::string_view line(std::string_view* text) {
  size_t end = std::min(text->find('\n'), text->size());
  std::string_view found = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return found;
}

fuzz::RequestText parse(std::string_view text) {
  fuzz::RequestText request;
  std::string_view first = line(&text);
  size_t space = std::min(first.find(' '), first.size());
  request.method = first.substr(0, space);
  request.target = space < first.size() ? first.substr(space + 1) : "";
  for (std::string_view one = line(&text); !one.empty(); one = line(&text)) {
    size_t colon = one.find(": ");
    if (colon == std::string_view::npos) continue;
    request.headers[std::string(one.substr(0, colon))] = one.substr(colon + 2);
  }
  request.chunked = request.headers.contains("Transfer-Encoding");
  request.broken = request.headers.contains("X-Broken");
  request.body = text;
  return request;
}

// What a PUT was answered well for stands there.
void checkPut(fuzz::FuzzedApi& home, const fuzz::RequestText& request) {
  auto put = model::parseJson(home.named(request.body), model::kMaxDepth + 1);
  HG_ASSERT(put.ok() && put->find("fields"));
  fuzz::RequestText get;
  get.method = "GET";
  get.target = request.target.substr(0, request.target.find('?'));
  api::Answer shown = home.ask(get);
  HG_ASSERT(shown.status == 200);
  auto entity = model::parseJson(shown.body, model::kMaxDepth + 8);
  HG_ASSERT(entity.ok() && entity->find("fields"));
  auto wanted = model::leavesOf(*put->find("fields"));
  HG_ASSERT(wanted.ok());
  // A conflict that waits for a person goes on showing what it showed.
  const model::Json* conflict = entity->find("conflict");
  if (conflict && !conflict->isNull()) return;
  HG_ASSERT(model::canonicalJson(*entity->find("fields")) == model::canonicalFields(*wanted));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  fuzz::FuzzedApi home;
  for (size_t i = 0; i < kMaxRequests && !input.empty(); ++i) {
    size_t end = std::min(input.find(kNext), input.size());
    fuzz::RequestText request = parse(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
    api::Answer answer = home.ask(request);
    bool put = request.method == "PUT" && request.target.starts_with("/api/v1/entities/") &&
               std::count(request.target.begin(), request.target.end(), '/') == 4;
    if (put && answer.status < 300) checkPut(home, request);
  }
  home.checkStored();
  return 0;
}
