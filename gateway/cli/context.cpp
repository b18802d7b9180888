#include "cli/context.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <utility>

#include "base/exact_json.h"
#include "cli/tuning.h"

namespace hearthgate::cli {
namespace {

// What a person can do about a problem, by its stable code.
std::string hintFor(const std::string& code, int status) {
  static const std::map<std::string, std::string> hints{
      {"entity_not_found", "`hearthgate entity list` shows what this home has"},
      {"home_not_found", "`hearthgate home list` shows the homes that are known"},
      {"entity_deleted", "`hearthgate entity history` shows its versions and `entity restore` brings one back"},
      {"no_longer_shared", "its owner can share it again; `hearthgate why ENTITY` says since when"},
      {"version_purged", "`hearthgate entity history` lists those that are left; storage.retention says how many are kept"},
      {"read_only", "its owner can run `hearthgate share ENTITY HOME --write`"},
      {"not_owner", "only the home that owns it can do this"},
      {"kind_differs", "an entity keeps the kind of its first version; use another id"},
      {"unknown_strategy", "`hearthgate strategy list` shows those that are there"},
      {"rule_not_found", "`hearthgate strategy rules` shows those that are there"},
      {"precondition_failed", "it changed meanwhile; look at it with `hearthgate entity get` and try again"},
      {"until_past", "give a time to come, as 2030-01-31T18:00:00Z or +2h"},
      {"pairing_code_mistyped", "type it again as the other screen shows it: HEARTH and four groups of four"},
      {"pairing_uri_bad", "copy the link whole, from hearthgate:// to the code's end, in quotes; or type the code alone"},
      {"pairing_wrong_code", "compare the code with the other screen; it may have been replaced by a newer one"},
      {"pairing_not_open", "run `hearthgate pair` at the other home for a new code"},
      {"pairing_unreachable", "check that the other home runs and shows the code; `--at ADDRESS:PORT` says where it is"},
      {"pairing_not_a_home", "check the address and the port: `hearthgate pair` shows them in its link"},
      {"pairing_version", "bring both homes to the same version"},
      {"pairing_refused", "run `hearthgate pair` at the other home for a new code"}};
  auto found = hints.find(code);
  if (found != hints.end()) return found->second;
  if (status == 401) return "the token is wrong or was replaced; DIR/admin.token holds the present one";
  return "";
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text.erase(0, text.find_first_not_of(" \t\r\n"));
}

}  // namespace

std::string path(const std::vector<std::string>& segments) {
  std::string out = "/api/v1";
  for (const auto& segment : segments) out += "/" + api::escapeSegment(segment);
  return out;
}

std::string query(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!value.empty()) out += (out.empty() ? "?" : "&") + name + "=" + api::escapeQuery(value);
  }
  return out;
}

void Context::fail(const std::string& code, const std::string& what, const std::string& hint, ExitStatus status) {
  if (std::exchange(asking_, false)) terminal_.err << "\n";
  if (json()) {
    boost::json::object problem{
        {"type", "about:blank"}, {"title", "The command failed"}, {"detail", what}, {"code", code}};
    if (!hint.empty()) problem["next_action"] = hint;
    terminal_.err << boost::json::serialize(problem) << "\n";
  } else {
    terminal_.err << "hearthgate: " << safe(what) << "\n";
    if (!hint.empty()) terminal_.err << "  " << hint << "\n";
  }
  throw Stop{status};
}

void Context::misuse(const std::string& what) { fail("usage", what, "`hearthgate COMMAND --help` shows how", kUsage); }

void Context::failUnreachable(const Error& error) {
  // A gateway that answered in part is there; everything earlier counts as not reachable.
  bool reached = error.code == "too_large";
  bool input = error.domain == Domain::kInput;
  if (input) fail(error.code, error.message, "", kUsage);
  fail(error.code, error.message, reached ? "" : "is hearthgated running? `--data DIR` names its data folder",
       reached ? kFailed : kNotReachable);
}

void Context::stopAt(const Reply& reply) {
  if (json() && !reply.raw.empty() && reply.body.is_object()) {
    terminal_.err << reply.raw << "\n";
    throw Stop{kFailed};
  }
  std::string detail = textAt(reply.body, "detail");
  if (detail.empty()) detail = textAt(reply.body, "title");
  if (detail.empty()) detail = "the gateway answered with status " + std::to_string(reply.status);
  std::string code = reply.code();
  if (!json() && !code.empty()) detail += " (" + code + ")";
  fail(code.empty() ? "http_" + std::to_string(reply.status) : code, detail, hintFor(code, reply.status));
}

std::string Context::readToken(const std::string& folder) {
  std::string file = folder + "/admin.token";
  errno = 0;
  std::ifstream stream(file);
  std::string token;
  if (stream && std::getline(stream, token)) return trimmed(token);
  int reason = errno;
  if (reason == ENOENT || reason == ENOTDIR) {
    fail("not_reachable", "there is no " + file, "is hearthgated running with `--data " + folder + "`?", kNotReachable);
  }
  fail("no_token", "cannot read " + file + ": " + (reason ? std::strerror(reason) : "it is empty"),
       "run this as the user that hearthgated runs as, or give --url and --token");
}

api::Client& Context::client() {
  if (client_) return *client_;
  std::string url = options_.url;
  std::string token = options_.token;
  // A token from a folder is never sent to an address from elsewhere.
  if (url.empty() != token.empty()) misuse("--url and --token belong together");
  if (url.empty()) {
    token = readToken(data());
    std::ifstream stream(data() + "/admin.url");
    if (!std::getline(stream, url)) {
      fail("not_reachable", "there is no address in " + data() + "/admin.url",
           "is hearthgated running with `--data " + data() + "`?", kNotReachable);
    }
    url = trimmed(url);
  }
  auto made = api::Client::create(url, token);
  if (!made.ok()) {
    bool given = !options_.url.empty();
    fail(made.error().code, made.error().message, given ? "" : "start hearthgated again to write them anew",
         given ? kUsage : kFailed);
  }
  client_ = std::move(made).value();
  return *client_;
}

Reply Context::ask(api::HttpRequest request) { return replyOf(client().request(request)); }

Reply Context::askUntilInterrupted(const api::HttpRequest& request, const api::HttpRequest& take_back) {
  api::Client& asked = client();
  auto answer = std::async(std::launch::async, [&] { return asked.request(request); });
  while (answer.wait_for(kInterruptPoll) != std::future_status::ready) {
    if (!terminal_.interrupted()) continue;
    // Again and again: the gateway may not have begun when it is told first. Whether it worked, `request` says.
    Context(terminal_, options_).ask(take_back);
  }
  return replyOf(answer.get());
}

Reply Context::replyOf(Result<api::HttpResponse> response) {
  if (!response.ok()) failUnreachable(response.error());
  Reply reply;
  reply.status = response->status;
  reply.raw = std::move(response->body);
  while (!reply.raw.empty() && reply.raw.back() == '\n') reply.raw.pop_back();
  if (reply.raw.empty()) return reply;
  boost::json::error_code error;
  reply.body = parseExactJson(reply.raw, error);
  if (error && reply.ok()) {
    fail("bad_answer", "what answers at " + client().url() + " is no Hearthgate: its answer is no JSON",
         "check --url, or the port in the configuration");
  }
  return reply;
}

Reply Context::ask(const std::string& method, const std::string& path, const Json& body,
                   const std::map<std::string, std::string>& headers) {
  api::HttpRequest request;
  request.method = method;
  request.path = path;
  request.headers = headers;
  if (!body.is_null()) {
    request.body = boost::json::serialize(body);
    request.headers.emplace("Content-Type", "application/json");
  }
  return ask(std::move(request));
}

Reply Context::get(const std::string& path) { return send("GET", path); }

Reply Context::send(const std::string& method, const std::string& path, const Json& body,
                    const std::map<std::string, std::string>& headers) {
  Reply reply = ask(method, path, body, headers);
  if (!reply.ok()) stopAt(reply);
  return reply;
}

std::vector<Json> Context::all(const std::string& path) {
  std::vector<Json> items;
  each(path, [&](const Json& item) { items.push_back(item); });
  return items;
}

void Context::each(const std::string& path, const std::function<void(const Json& item)>& take) {
  std::string after;
  for (size_t page = 0; page < kMaxPages; ++page) {
    std::string more = query({{"limit", std::to_string(kPageSize)}, {"after", after}});
    if (path.find('?') != std::string::npos) more[0] = '&';
    Json body = get(path + more).body;
    for (const auto& item : itemsAt(body, "items")) take(item);
    std::string next = textAt(body, "next");
    if (next.empty() || next == after) break;
    after = next;
  }
}

bool Context::printed(const Reply& reply) {
  if (!json()) return false;
  out() << (reply.raw.empty() ? "{}" : reply.raw) << "\n";
  return true;
}

bool Context::confirmed(const std::string& question, const std::function<void()>& meanwhile) {
  if (yes()) return true;
  for (int tries = 0; tries < 3; ++tries) {
    terminal_.err << question << " [y/n] " << std::flush;
    asking_ = true;
    while (meanwhile && terminal_.input_waits && !terminal_.input_waits(kPairingPoll)) meanwhile();
    asking_ = false;
    auto answer = terminal_.read_line();
    if (!answer && terminal_.interrupted()) {
      terminal_.err << "\n";
      return false;
    }
    if (!answer) {
      terminal_.err << "\nno answer; `--yes` answers in advance\n";
      return false;
    }
    std::string word = trimmed(*answer);
    if (word == "y" || word == "Y" || word == "yes") return true;
    if (word == "n" || word == "N" || word == "no") return false;
  }
  return false;
}

}  // namespace hearthgate::cli
