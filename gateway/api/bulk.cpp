// POST /entities:bulk: newline-delimited JSON, read line by line, written as one change in one commit. The thread of
// the request parses the lines while the engine writes those before; the engine parses a line that it gets to first.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>

#include "api/json_text.h"
#include "api/router.h"
#include "model/limits.h"

namespace hearthgate::api {

using engine::WriteOrder;

namespace {

Result<WriteOrder> parseLine(const Gateway& gateway, std::string_view text) {
  HG_TRY(model::Json json, model::parseJson(text, model::kMaxDepth + 1));
  if (!json.isObject()) return inputError("bad_document", "The line is no JSON object.");
  HG_CHECK(checkMembers(json, {"id", "kind", "fields", "patch", "delete", "if_match"}));
  WriteOrder order;
  HG_TRY(std::optional<std::string> id, textMember(json, "id"));
  if (!id) return inputError("bad_id", "The line has no \"id\".");
  HG_TRY(order.address, parseAddress(gateway, *id));
  HG_TRY(order.kind, textMember(json, "kind"));
  HG_TRY(order.if_match, textMember(json, "if_match"));
  HG_TRY(std::optional<bool> patch, flagMember(json, "patch"));
  HG_TRY(std::optional<bool> remove, flagMember(json, "delete"));
  model::Json* fields = nullptr;
  for (auto& [key, value] : json.members) {
    if (key == "fields") fields = &value;
  }
  if (remove.value_or(false)) {
    if (fields || patch.value_or(false)) {
      return inputError("bad_document", "The line has \"delete\" beside \"fields\" or \"patch\"; give one of them.");
    }
    order.mode = WriteOrder::Mode::kDelete;
    return order;
  }
  if (!fields) return inputError("bad_document", "The line has no \"fields\".");
  if (patch.value_or(false)) {
    order.mode = WriteOrder::Mode::kPatch;
    order.fields = std::move(*fields);
  } else {
    HG_CHECK(order.put(*fields));
  }
  return order;
}

// Parsed once, by whichever thread claims it.
class Line {
 public:
  Line(size_t line, std::string text) : number(line), text_(std::move(text)) {}

  const size_t number;

  // Parses it unless another thread does or did.
  void parse(const Gateway& gateway) {
    State expected = State::kText;
    if (!state_.compare_exchange_strong(expected, State::kClaimed)) return;
    try {
      order_ = parseLine(gateway, text_);
    } catch (...) {
      // No memory: the other thread tries it.
      state_ = State::kText;
      state_.notify_one();
      throw;
    }
    std::string().swap(text_);
    state_ = State::kParsed;
    state_.notify_one();
  }
  // The engine's thread. Waits while the request's thread is at this very line.
  Result<WriteOrder> take(const Gateway& gateway) {
    for (parse(gateway); state_ != State::kParsed; parse(gateway)) state_.wait(State::kClaimed);
    return std::move(*order_);
  }

 private:
  enum class State { kText, kClaimed, kParsed };

  std::atomic<State> state_{State::kText};
  std::string text_;
  std::optional<Result<WriteOrder>> order_;
};

struct Rejected {
  size_t line;
  Error error;
};

struct Outcome {
  size_t accepted = 0;
  size_t rejected_count = 0;
  std::vector<Rejected> rejected;

  void reject(size_t line, Error error) {
    if (++rejected_count <= kMaxRejectedListed) rejected.push_back({line, std::move(error)});
  }
};

// Reads lines of a body, a piece of it at a time.
class LineReader {
 public:
  explicit LineReader(std::istream& in) : in_(*in.rdbuf()) {}

  // The next line, up to kMaxBodyBytes of it; what is longer is passed over and `too_long` is set. False at the end.
  bool next(std::string* line, bool* too_long) {
    line->clear();
    *too_long = false;
    bool any = false;
    while (at_ < end_ || refill()) {
      any = true;
      const char* from = piece_.data() + at_;
      const void* found = std::memchr(from, '\n', end_ - at_);
      size_t length = found ? static_cast<size_t>(static_cast<const char*>(found) - from) : end_ - at_;
      size_t room = kMaxBodyBytes - line->size();
      line->append(from, std::min(length, room));
      *too_long = *too_long || length > room;
      at_ += length + (found ? 1 : 0);
      if (found) return true;
    }
    return any;
  }
  size_t total() const { return total_; }  // bytes that were taken from the body; above kMaxBulkBytes no more are

 private:
  bool refill() {
    if (total_ > kMaxBulkBytes) return false;
    auto got = in_.sgetn(piece_.data(), static_cast<std::streamsize>(piece_.size()));
    at_ = 0;
    end_ = got > 0 ? static_cast<size_t>(got) : 0;
    total_ += end_;
    return end_ > 0;
  }

  std::streambuf& in_;
  std::string piece_ = std::string(kBulkPieceBytes, '\0');
  size_t at_ = 0;
  size_t end_ = 0;
  size_t total_ = 0;
};

bool isBlank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

// A body that was read: what may be parsed ahead, and what comes after that as text.
struct Lines {
  std::deque<Line> ahead;
  // Each line of it ends with a newline; those that are not to be written are empty.
  std::deque<std::string> rest;
  size_t rest_begins_at = 0;  // the number of its first line

  void add(size_t number, std::string&& text, size_t read_bytes) {
    if (rest.empty() && read_bytes <= kBulkParsedBytes && ahead.size() < kBulkParsedLines) {
      if (!isBlank(text)) ahead.emplace_back(number, std::move(text));
      return;
    }
    if (rest.empty()) rest_begins_at = number;
    if (rest.empty() || rest.back().size() >= kBulkPieceBytes) rest.emplace_back();
    rest.back().append(text).push_back('\n');
  }
};

Status readLines(Call& call, Lines* lines, Outcome* outcome, size_t* total) {
  auto too_large = inputError("body_too_large", "The body is larger than 64 MiB; send it in several parts.");
  if (call.bodyLength().value_or(0) > kMaxBulkBytes) return too_large;
  std::string text;
  bool too_long = false;
  LineReader reader(call.bodyStream());
  for (size_t number = 1; reader.next(&text, &too_long); ++number) {
    if (reader.total() > kMaxBulkBytes) break;
    if (number > kMaxBulkLines) {
      return inputError("body_too_large", "The body has more than a million lines; send it in several parts.");
    }
    if (too_long) {
      outcome->reject(number, inputError("too_large", "The line is longer than any document of 1 MiB can be."));
      text.clear();
    }
    lines->add(number, std::move(text), reader.total());
  }
  *total = reader.total();
  if (*total > kMaxBulkBytes) return too_large;
  if (!call.bodyComplete(*total))
    return inputError("body_broken", "The connection ended before the body did; nothing was written.");
  return {};
}

void writeLines(const Gateway& gateway, engine::Core& core, Lines& lines, Outcome* outcome) {
  auto write = [&](size_t number, Result<WriteOrder> order) {
    auto written = order.ok() ? core.write(*order) : Result<engine::Written>(std::move(order).error());
    if (written.ok()) {
      ++outcome->accepted;
    } else {
      outcome->reject(number, std::move(written).error());
    }
  };
  for (Line& line : lines.ahead) write(line.number, line.take(gateway));
  size_t number = lines.rest_begins_at;
  for (const std::string& piece : lines.rest) {
    for (size_t at = 0, end = 0; (end = piece.find('\n', at)) != piece.npos; at = end + 1, ++number) {
      std::string_view text = std::string_view(piece).substr(at, end - at);
      if (!isBlank(text)) write(number, parseLine(gateway, text));
    }
  }
}

std::string outcomeText(Outcome& outcome) {
  // Those of the parser stand before those of the writer.
  std::stable_sort(outcome.rejected.begin(), outcome.rejected.end(),
                   [](const Rejected& a, const Rejected& b) { return a.line < b.line; });
  std::string out;
  ObjectText object(&out);
  object.number("accepted", outcome.accepted).number("rejected_count", outcome.rejected_count);
  {
    ArrayText list(&object.value("rejected"));
    for (const Rejected& one : outcome.rejected) {
      ObjectText item(list.item());
      item.number("line", one.line).text("code", one.error.code).text("detail", one.error.message);
    }
  }
  object.close();
  return out;
}

std::string countsText(const Outcome& outcome) {
  return std::to_string(outcome.accepted) + " accepted, " + std::to_string(outcome.rejected_count) + " rejected";
}

Result<Answer> bulk(Gateway& gateway, Call& call) {
  HG_CHECK(call.checkContentType({"application/x-ndjson"}));
  Outcome outcome;
  size_t total = 0;
  Lines lines;
  HG_CHECK(readLines(call, &lines, &outcome, &total));
  if (!lines.ahead.empty() || !lines.rest.empty()) {
    auto parseAhead = [&] {
      for (Line& line : lines.ahead) line.parse(gateway);
    };
    HG_TRY(outcome, gateway.write<Outcome>(
                        "bulk",
                        [&](engine::Core& core) -> Result<Outcome> {
                          writeLines(gateway, core, lines, &outcome);
                          if (outcome.accepted > 0) core.audit(kTokenActor, "entity.bulk", "", countsText(outcome));
                          return std::move(outcome);
                        },
                        total, parseAhead));
  }
  gateway.counters.bulk_lines += outcome.accepted;
  return Answer::json(outcomeText(outcome));
}

}  // namespace

void addBulkRoutes(Router& router) { router.add({"POST", "/api/v1/entities:bulk", {}, bulk}); }

}  // namespace hearthgate::api
