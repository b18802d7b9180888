// `pair` at the home that invites and `join` at the one that comes. Both show who the other is, the three words and what the
// first sync would bring, and go on only when the person agrees.
#include <algorithm>

#include "cli/commands.h"
#include "cli/qr_text.h"
#include "cli/table.h"
#include "cli/tuning.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

struct PairOptions {
  int64_t ttl_s = 0;
  bool no_qr = false;
  std::string code, address;
};

constexpr const char* kNewCode = "run `hearthgate pair` for a new code, and `hearthgate join` at the other home";
constexpr const char* kNewCodeThere = "run `hearthgate pair` at the other home for a new code";
constexpr const char* kSameVersion = "bring both homes to the same version";

std::string counted(int64_t count, const char* one, const char* many) { return number(count) + " " + (count == 1 ? one : many); }

std::string amount(const Json& side) {
  int64_t entities = numberAt(side, "entities");
  if (entities == 0) return "nothing yet";
  std::string kinds;
  for (const auto& kind : itemsAt(side, "kinds")) {
    kinds += (kinds.empty() ? "" : ", ") + number(numberAt(kind, "entities")) + " " + safe(textAt(kind, "kind"));
  }
  std::string out = counted(entities, "entity", "entities");
  if (!kinds.empty()) out += " (" + kinds + ")";
  return out + ", " + counted(numberAt(side, "bytes"), "byte", "bytes");
}

// What both persons compare; the words prove that nobody stands between the two homes.
void showOther(std::ostream& err, const Json& pairing) {
  const Json& peer = at(pairing, "peer");
  std::string words;
  for (const auto& word : itemsAt(pairing, "words")) words += (words.empty() ? "" : " ") + readable(word);
  err << "\nThe other home: " << safe(textAt(peer, "name")) << "\n";
  err << "  id       " << grouped(textAt(peer, "id")) << "\n";
  err << "  words    " << words << "\n";
  err << folded("  to send  " + amount(at(at(pairing, "preview"), "to_send")));
  err << folded("  to get   " + amount(at(at(pairing, "preview"), "to_receive")));
  for (const auto& notice : itemsAt(pairing, "notices")) err << folded("  note     " + safe(textAt(notice, "detail")));
}

// Follows GET /pairing until the pairing is done or has failed.
class Waiting {
 public:
  Waiting(Context& context, bool inviting, const std::string& expires_at, int64_t ttl_s)
      : context_(context), inviting_(inviting), expires_at_(expires_at) {
    if (!parseRfc3339(expires_at, &expires_ms_)) expires_ms_ = 0;
    end_ms_ = context.terminal().clock.steadyMs() + ttl_s * 1000 + std::chrono::milliseconds(kPairingLimit).count();
  }

  // `agreed`: the gateway confirms by itself.
  ExitStatus run(bool agreed) {
    Terminal& terminal = context_.terminal();
    while (terminal.clock.steadyMs() < end_ms_) {
      if (terminal.interrupted()) stopped("withdrawn");
      Json pairing = look();
      std::string state = textAt(pairing, "state");
      if (state == "done") return done(pairing);
      if (state == "confirming" && !agreed) {
        ask(pairing);
        agreed = true;
      }
      if (state == "open") showOpen(pairing);
      terminal.pause(kPairingPoll);
    }
    stopped("given up, because it does not end");
  }

  // Asks the person here and tells the gateway.
  void ask(const Json& pairing) {
    endLine();
    auto& err = context_.terminal().err;
    if (!context_.json() || !context_.yes()) showOther(err, pairing);
    // Whoever sits here shall not ponder a pairing that has ended.
    bool agrees = context_.confirmed("Does the other screen show the same three words, and do you want this?", [&] { look(); });
    if (!agrees) stopped(context_.terminal().interrupted() ? "withdrawn" : "refused");
    Reply reply = context_.ask("POST", path({"pairing", "confirm"}));
    if (!reply.ok() && reply.code() == "pairing_not_open") {
      look();  // It ended, or somebody here has agreed elsewhere.
    } else if (!reply.ok()) {
      context_.stopAt(reply);
    }
    if (!context_.json()) err << "waiting for the other side to agree\n" << std::flush;
  }

 private:
  // What GET /pairing says now; a pairing that failed ends the command.
  Json look() {
    Reply reply = context_.ask("GET", pairing_);
    // That of an answer which is a success is why the pairing failed.
    if (!reply.ok() && reply.code() == "pairing_not_open") fail("pairing_refused", "it was withdrawn at this home, or another pairing took its place");
    if (!reply.ok()) context_.stopAt(reply);
    std::string state = textAt(reply.body, "state");
    if (state == "failed") {
      std::string reason = textAt(reply.body, "reason");
      std::string code = textAt(reply.body, "code");
      fail(code.empty() ? "pairing_failed" : code, reason.empty() ? "the code expired, was withdrawn, or one side did not agree in time" : reason);
    }
    std::string expires = textAt(reply.body, "expires_at");
    bool other_code = inviting_ && state == "open" && !expires.empty() && !expires_at_.empty() && expires != expires_at_;
    if (other_code) fail("pairing_refused", "a newer code has replaced this one");
    return reply.body;
  }

  // The countdown, or on what is no terminal each failed try.
  void showOpen(const Json& pairing) {
    if (context_.json() || expires_ms_ == 0) return;
    int64_t tries = numberAt(pairing, "failed_tries");
    std::string failed = tries == 0 ? "" : safe(textAt(pairing, "failed_text"));
    if (tries != 0 && failed.empty()) failed = counted(tries, "failed try", "failed tries");
    Terminal& terminal = context_.terminal();
    if (!terminal.interactive) {
      if (tries != std::exchange(tries_, tries) && tries != 0) terminal.err << failed << "\n" << std::flush;
      return;
    }
    int64_t left = std::max<int64_t>(0, (expires_ms_ - terminal.clock.wallMs()) / 1000);
    std::string line = "  " + number(left / 60) + (left % 60 < 10 ? ":0" : ":") + number(left % 60) + " left";
    if (!failed.empty()) line += ", " + failed;
    size_t columns = terminal.columns == 0 ? kColumns : terminal.columns;
    if (line.size() >= columns) line.resize(columns - 1);  // One that breaks could not be written over.
    std::string blank(line_ > line.size() ? line_ - line.size() : 0, ' ');
    context_.out() << "\r" << line << blank << std::flush;
    line_ = line.size();
  }

  void endLine() {
    if (std::exchange(line_, 0) != 0) context_.out() << "\n";
    context_.out() << std::flush;
  }

  ExitStatus done(const Json& pairing) {
    endLine();
    if (context_.json()) {
      context_.out() << boost::json::serialize(pairing) << "\n";
    } else {
      showPaired(context_, at(pairing, "peer"), numberAt(at(at(pairing, "preview"), "to_send"), "entities") > 0);
    }
    return kDone;
  }

  [[noreturn]] void fail(const std::string& code, const std::string& reason) {
    endLine();
    const char* next = code == "pairing_version" ? kSameVersion : inviting_ ? kNewCode : kNewCodeThere;
    context_.fail(code, "the homes are not paired: " + reason, next);
  }

  // Takes back what is open; unless it is too late for that.
  [[noreturn]] void stopped(const std::string& why) {
    endLine();
    context_.ask("DELETE", path({"pairing"}));
    Reply reply = context_.ask("GET", pairing_);
    if (textAt(reply.body, "state") == "done") {
      std::string id = textAt(at(reply.body, "peer"), "id");
      context_.fail("paired", "it was too late to take the pairing back", "`hearthgate home forget " + safe(id) + "` ends it");
    }
    context_.fail("pairing_refused", "the pairing was " + why + "; nothing is kept", inviting_ ? kNewCode : kNewCodeThere);
  }

 public:
  static void showPaired(Context& context, const Json& home, bool shares = false) {
    context.out() << "paired with " << safe(textAt(home, "name"))
                  << (shares ? "\n" : "; nothing is shared yet: `hearthgate share ENTITY HOME`\n");
  }

 private:
  Context& context_;
  const bool inviting_;
  // A home may show a code and join another one at once; each command follows its own.
  const std::string pairing_ = path({"pairing"}) + query({{"role", inviting_ ? "invites" : "joins"}});
  const std::string expires_at_;  // of the code
  int64_t expires_ms_ = 0;
  int64_t end_ms_;
  int64_t tries_ = 0;
  size_t line_ = 0;  // letters of the countdown that stand there
};

// The picture, or why there is none.
std::string qrOf(const Context& context, const Terminal& terminal, const std::string& uri, const PairOptions& options) {
  if (!terminal.interactive || context.json() || options.no_qr || uri.empty()) return "";
  std::string why = terminal.no_pictures;
  api::QrCode code = api::pairingQr(uri);
  auto size = static_cast<size_t>(code.size);
  if (why.empty() && size == 0) why = "the link is too long";
  if (why.empty() && terminal.columns != 0 && terminal.columns < size) why = "it needs " + std::to_string(size) + " columns";
  return why.empty() ? qrLines(code) : "(No QR code is drawn: " + why + ".)\n";
}

ExitStatus pair(Context& context, const PairOptions& options) {
  boost::json::object body{{"confirm", context.yes() ? "auto" : "ask"}};
  if (options.ttl_s > 0) body["ttl_s"] = options.ttl_s;
  context.terminal().catch_interrupts();
  Reply reply = context.send("POST", path({"pairing"}), body);
  std::string expires = textAt(reply.body, "expires_at");
  if (!context.printed(reply)) {
    auto& out = context.out();
    std::string uri = textAt(reply.body, "uri");
    out << "At the other home, run one of these. The code works once, until " << toSeconds(expires)
        << ";\nCtrl-C withdraws it.\n\n";
    if (!uri.empty()) out << "  hearthgate join '" << safe(uri) << "'\n";
    // The picture of that link fills a terminal of 24 lines, so what a person needs beside it comes after it.
    out << qrOf(context, context.terminal(), uri, options);
    out << "  hearthgate join " << safe(textAt(reply.body, "code")) << "\n";
  }
  context.out() << std::flush;
  return Waiting(context, true, expires, options.ttl_s > 0 ? options.ttl_s : std::chrono::seconds(kPairingTtl).count()).run(context.yes());
}

std::string typed(const std::string& text) {
  size_t from = text.find_first_not_of(" \t\r\n'\"");
  size_t to = text.find_last_not_of(" \t\r\n'\"");
  return from == std::string::npos ? "" : text.substr(from, to - from + 1);
}

ExitStatus join(Context& context, const PairOptions& options) {
  std::string code = typed(options.code);
  if (code == "-") {
    auto line = context.terminal().read_line();
    code = line ? typed(*line) : "";
    if (code.empty()) context.misuse("there is no code on standard input");
  }
  bool is_uri = code.find(':') != std::string::npos;
  boost::json::object body{{is_uri ? "uri" : "code", code}, {"confirm", context.yes() ? "auto" : "ask"}};
  if (!options.address.empty()) body["address"] = options.address;
  api::HttpRequest request;
  request.method = "POST";
  request.path = path({"pairing", "join"});
  request.body = boost::json::serialize(body);
  request.headers["Content-Type"] = "application/json";
  request.timeout = kJoinTimeout;
  api::HttpRequest take_back;
  take_back.method = "DELETE";
  take_back.path = path({"pairing"});
  bool nearby = !is_uri && options.address.empty();
  if (!context.json()) context.terminal().err << (nearby ? "looking nearby for the home that shows this code…\n" : "joining…\n") << std::flush;
  context.terminal().catch_interrupts();
  Reply reply = context.askUntilInterrupted(request, take_back);
  if (!reply.ok()) context.stopAt(reply);
  if (reply.status == 202) {
    Waiting waiting(context, false, "", 0);
    waiting.ask(reply.body);
    return waiting.run(true);
  }
  if (!context.printed(reply)) Waiting::showPaired(context, at(reply.body, "home"));
  return kDone;
}

}  // namespace

void addPairingCommands(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<PairOptions>();
  auto* inviting = addCommand(program, chosen, "pair", "Invite another home: shows a code and a QR code, and waits",
                              [=](Context& c) { return pair(c, *options); });
  inviting->add_option("--ttl", options->ttl_s, "seconds for which the code works (default: 300)")
      ->check(wholeNumber());
  inviting->add_flag("--no-qr", options->no_qr, "draw no QR code");
  auto* joining = addCommand(program, chosen, "join", "Join the home that shows a code",
                             [=](Context& c) { return join(c, *options); });
  joining->add_option("CODE", options->code, "HEARTH-XXXX-XXXX-XXXX-XXXX, a URI, or - to read it from standard input")
      ->required();
  joining->add_option("--at", options->address, "ADDRESS:PORT of the other home, when it is not nearby");
}

}  // namespace hearthgate::cli
