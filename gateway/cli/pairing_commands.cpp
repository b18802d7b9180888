// `pair` at the home that invites and `join` at the one that comes. Both show the three words and what the first sync
// would bring, and go on only when the person agrees.
#include <algorithm>

#include "cli/commands.h"
#include "cli/tuning.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

struct PairOptions {
  int64_t ttl_s = 0;
  std::string code, address;
};

std::string amount(const Json& side) {
  if (side.is_number()) return readable(side) + " entities";
  if (!side.is_object()) return "nothing";
  std::string out = number(numberAt(side, "entities")) + " entities";
  if (at(side, "bytes").is_number()) out += ", " + number(numberAt(side, "bytes")) + " bytes";
  return out;
}

// The question of both sides; the words prove that nobody stands between the two homes.
bool personAgrees(Context& context, const Json& pairing) {
  const Json& peer = at(pairing, "peer");
  const Json& words = at(pairing, "words");
  std::string shown;
  if (words.is_array()) {
    for (const auto& word : words.get_array()) shown += (shown.empty() ? "" : " ") + readable(word);
  } else {
    shown = readable(words);
  }
  auto& err = context.terminal().err;
  if (!context.json() || !context.yes()) {
    err << "\nThe other home: " << safe(peer.is_object() ? textAt(peer, "name") : readable(peer)) << "\n";
    if (peer.is_object() && !textAt(peer, "id").empty()) err << "  id       " << safe(textAt(peer, "id")) << "\n";
    err << "  words    " << shown << "\n";
    err << "  to send  " << amount(at(at(pairing, "preview"), "to_send")) << "\n";
    err << "  to get   " << amount(at(at(pairing, "preview"), "to_receive")) << "\n";
  }
  return context.confirmed("Does the other screen show the same three words, and do you want this?");
}

// Takes back what is open; the outcome does not matter any more, since the code ends by itself too.
void withdraw(Context& context) { context.ask("DELETE", path({"pairing"})); }

class Waiting {
 public:
  Waiting(Context& context, std::string expires_at) : context_(context) {
    if (!parseRfc3339(expires_at, &expires_ms_)) expires_ms_ = 0;
  }

  // Follows GET /pairing until the pairing is done or has failed. `agreed`: the person said yes already.
  ExitStatus run(bool agreed) {
    Terminal& terminal = context_.terminal();
    int64_t end = terminal.clock.steadyMs() + std::chrono::milliseconds(kPairingLimit).count();
    while (terminal.clock.steadyMs() < end) {
      if (terminal.interrupted()) return stopped("withdrawn");
      Reply reply = context_.get(path({"pairing"}));
      std::string state = textAt(reply.body, "state");
      if (state == "done") return done(reply);
      if (state == "failed") return failed(reply);
      if (state == "confirming" && !agreed) {
        endLine();
        if (!personAgrees(context_, reply.body)) return stopped("refused, nothing is kept");
        context_.send("POST", path({"pairing", "confirm"}));
        agreed = true;
        terminal.err << "waiting for the other side to agree\n";
      }
      if (state == "open") showCountdown(numberAt(reply.body, "failed_tries"));
      terminal.pause(kPairingPoll);
    }
    return stopped("given up after " + std::to_string(kPairingLimit.count()) + " minutes");
  }

 private:
  void showCountdown(int64_t failed_tries) {
    if (!context_.terminal().interactive || context_.json() || expires_ms_ == 0) return;
    int64_t left = std::max<int64_t>(0, (expires_ms_ - context_.terminal().clock.wallMs()) / 1000);
    context_.out() << "\r  " << left / 60 << ":" << (left % 60 < 10 ? "0" : "") << left % 60 << " left"
                   << (failed_tries > 0 ? ", " + number(failed_tries) + " failed tries" : "") << "   " << std::flush;
    line_open_ = true;
  }

  void endLine() {
    if (std::exchange(line_open_, false)) context_.out() << "\n";
    context_.out() << std::flush;
  }

  ExitStatus done(const Reply& reply) {
    endLine();
    if (context_.printed(reply)) return kDone;
    const Json& peer = at(reply.body, "peer");
    context_.out() << "paired with " << safe(peer.is_object() ? textAt(peer, "name") : readable(peer))
                   << "; nothing is shared yet: `hearthgate share ENTITY HOME`\n";
    return kDone;
  }

  ExitStatus failed(const Reply& reply) {
    endLine();
    std::string reason = textAt(reply.body, "reason");
    if (reason.empty()) reason = textAt(reply.body, "detail");
    if (reason.empty()) reason = "the code expired, was withdrawn, or one side did not agree in time";
    context_.fail("pairing_failed", "the homes are not paired: " + reason, "`hearthgate pair` makes a new code");
  }

  ExitStatus stopped(const std::string& why) {
    endLine();
    withdraw(context_);
    context_.fail("pairing_refused", "the pairing was " + why, "`hearthgate pair` makes a new code");
  }

  Context& context_;
  int64_t expires_ms_ = 0;
  bool line_open_ = false;
};

ExitStatus pair(Context& context, const PairOptions& options) {
  boost::json::object body{{"confirm", context.yes() ? "auto" : "ask"}};
  if (options.ttl_s > 0) body["ttl_s"] = options.ttl_s;
  Reply reply = context.send("POST", path({"pairing"}), body);
  context.terminal().catch_interrupts();
  std::string expires = textAt(reply.body, "expires_at");
  if (!context.printed(reply)) {
    auto& out = context.out();
    out << "At the other home, run:\n\n  hearthgate join " << safe(textAt(reply.body, "code")) << "\n\n";
    std::string uri = textAt(reply.body, "uri");
    if (!uri.empty()) out << "or with this home's addresses in it:\n\n  hearthgate join '" << safe(uri) << "'\n\n";
    out << "The code works once, until " << safe(expires) << ". Ctrl-C withdraws it.\n";
  }
  context.out() << std::flush;
  return Waiting(context, expires).run(context.yes());
}

ExitStatus join(Context& context, const PairOptions& options) {
  std::string code = options.code;
  if (code == "-") {
    auto line = context.terminal().read_line();
    if (!line || line->empty()) context.misuse("there is no code on standard input");
    code = *line;
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
  context.terminal().err << (context.json() ? "" : "joining…\n") << std::flush;
  Reply reply = context.ask(std::move(request));
  if (!reply.ok()) context.stopAt(reply);
  if (reply.status == 202) {
    context.terminal().catch_interrupts();
    if (!personAgrees(context, reply.body)) {
      withdraw(context);
      context.fail("pairing_refused", "the pairing was refused, nothing is kept",
                   "run `hearthgate pair` there for a new code");
    }
    context.send("POST", path({"pairing", "confirm"}));
    context.terminal().err << (context.json() ? "" : "waiting for the other side to agree\n") << std::flush;
    return Waiting(context, "").run(true);
  }
  if (context.printed(reply)) return kDone;
  context.out() << "paired with " << safe(textAt(at(reply.body, "home"), "name"))
                << "; nothing is shared yet: `hearthgate share ENTITY HOME`\n";
  return kDone;
}

}  // namespace

void addPairingCommands(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<PairOptions>();
  auto* inviting = addCommand(program, chosen, "pair", "Invite another home: prints a code and waits",
                              [=](Context& c) { return pair(c, *options); });
  inviting->add_option("--ttl", options->ttl_s, "seconds for which the code works (default: 300)")
      ->check(wholeNumber());
  auto* joining = addCommand(program, chosen, "join", "Join the home that shows a code",
                             [=](Context& c) { return join(c, *options); });
  joining->add_option("CODE", options->code, "HEARTH-XXXX-XXXX-XXXX-XXXX, a URI, or - to read it from standard input")
      ->required();
  joining->add_option("--at", options->address, "ADDRESS:PORT of the other home, when it is not nearby");
}

}  // namespace hearthgate::cli
