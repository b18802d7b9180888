// What every command works with: the options, the terminal, and the connection to the gateway. Answers that are no
// success are printed here and end the command with the right exit status (CONTRACT). Main thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "api/client.h"
#include "base/clock.h"
#include "cli/json_view.h"

namespace hearthgate::cli {

enum ExitStatus { kDone = 0, kFailed = 1, kUsage = 2, kNotReachable = 3, kWaitsForPerson = 4 };

// Ends a command; its message is printed already. Never leaves this folder: run() turns it into the exit status.
struct Stop {
  ExitStatus status;
};

// The outside world of the program; main() gives the real one, tests their own.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  // The next line of standard input, without its end; nothing at its end or after Ctrl-C.
  std::function<std::optional<std::string>()> read_line;
  bool interactive = false;  // `out` is a terminal, so that a countdown may rewrite its line
  Clock& clock;
  std::function<void(std::chrono::milliseconds)> pause;
  std::function<void()> catch_interrupts;  // from now on Ctrl-C only sets `interrupted`
  std::function<bool()> interrupted;
  std::string default_data;  // DIR without --data
  // Waits at most so long until `read_line` would give something at once. Without it nothing else happens meanwhile.
  std::function<bool(std::chrono::milliseconds)> input_waits = {};
  std::string no_pictures = {};  // why `out` shows no pictures of characters and colours; empty: it does
  size_t columns = 0;            // of `out`; 0: not known
};

struct Options {
  std::string data;
  std::string url;
  std::string token;
  bool json = false;
  bool yes = false;
};

struct Reply {
  int status = 0;
  std::string raw;  // the body as is
  Json body;        // null when the body is empty
  bool ok() const { return status >= 200 && status < 300; }
  std::string code() const { return textAt(body, "code"); }
};

class Context {
 public:
  Context(Terminal& terminal, const Options& options) : terminal_(terminal), options_(options) {}

  std::ostream& out() { return terminal_.out; }
  Terminal& terminal() { return terminal_; }
  bool json() const { return options_.json; }
  bool yes() const { return options_.yes; }
  std::string data() const { return options_.data.empty() ? terminal_.default_data : options_.data; }

  // Sends and gives the answer if it is a success; otherwise prints the problem and stops.
  Reply get(const std::string& path);
  Reply send(const std::string& method, const std::string& path, const Json& body = {},
             const std::map<std::string, std::string>& headers = {});
  // The same without stopping on an answer of the gateway; only when it cannot be reached.
  Reply ask(api::HttpRequest request);
  Reply ask(const std::string& method, const std::string& path, const Json& body = {},
            const std::map<std::string, std::string>& headers = {});
  // The items of a list, page by page; documents may be large, so lists of them are not held as a whole.
  void each(const std::string& path, const std::function<void(const Json& item)>& take);
  std::vector<Json> all(const std::string& path);

  // The connection, made at first use.
  api::Client& client();

  // Prints the problem document of `reply` (or its body as is under --json) and stops.
  [[noreturn]] void stopAt(const Reply& reply);
  // Stops with a problem found on this side; `hint` says what to do next and may be empty.
  [[noreturn]] void fail(const std::string& code, const std::string& what, const std::string& hint = "",
                         ExitStatus status = kFailed);
  [[noreturn]] void failUnreachable(const Error& error);
  // Stops with exit status 2.
  [[noreturn]] void misuse(const std::string& what);

  // Under --json prints the body as is and gives true; otherwise false: print it readably.
  bool printed(const Reply& reply);

  // Sends what may take long. After Ctrl-C (Terminal::catch_interrupts) it sends `take_back` until the answer is there.
  Reply askUntilInterrupted(const api::HttpRequest& request, const api::HttpRequest& take_back);

  // Asks on standard error and reads y or n; --yes answers. Without an answer it is false. `meanwhile` is called now and
  // then until there is one, and may stop the command.
  bool confirmed(const std::string& question, const std::function<void()>& meanwhile = {});

  // A HOME of the command line, an id, name or first letters of an id (kShortIdLetters or more), as its id. A text that
  // could mean several homes stops and lists them.
  std::string homeId(const std::string& home);
  // The same where only another home can be meant.
  std::string otherHomeId(const std::string& home);
  // A CIRCLE of the command line, an id or name.
  std::string circleId(const std::string& circle);
  // A HOME that is a member of a circle, as its id: by its name there too, since not every member is paired with this home.
  std::string memberId(const std::string& circle, const std::string& home);
  // An ENTITY of the command line with its OWNER, if any, as an id.
  std::string entity(const std::string& entity);
  // How a home is shown: its name, or the first letters of its id.
  std::string homeName(const std::string& id);
  // How an entity of an answer is shown: own ones without owner.
  std::string entityName(const Json& entity);
  // The same of an address `id@OWNER`.
  std::string addressName(const std::string& address);

 private:
  struct Home {
    std::string id;
    std::string name;
    bool own = false;
  };
  const std::vector<Home>& homes();
  const std::vector<Home>& circles();
  Reply replyOf(Result<api::HttpResponse> response);
  std::string readToken(const std::string& folder);

  Terminal& terminal_;
  const Options& options_;
  std::optional<api::Client> client_;
  std::optional<std::vector<Home>> homes_;
  std::optional<std::vector<Home>> circles_;
  bool asking_ = false;  // a question stands on an unfinished line
};

// `/api/v1` and the segments, each escaped.
std::string path(const std::vector<std::string>& segments);
// `?a=b&c=d`, without the pairs whose value is empty.
std::string query(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace hearthgate::cli
