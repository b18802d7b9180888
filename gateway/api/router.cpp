#include "api/router.h"

#include <algorithm>

#include "base/utf8.h"

namespace hearthgate::api {
namespace {

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  bool open = !pattern.empty() && pattern.back() == "*";
  size_t fixed = pattern.size() - (open ? 1 : 0);
  if (open ? path.size() < fixed : path.size() != fixed) return false;
  for (size_t i = 0; i < fixed; ++i) {
    if (path[i].empty()) return false;
    if (pattern[i].front() != '{' && pattern[i] != path[i]) return false;
  }
  return true;
}

// How many segments are no parameters: `/pairing/join` is meant before `/pairing/{x}` would be.
ptrdiff_t fixedSegments(const std::vector<std::string>& pattern) {
  return std::count_if(pattern.begin(), pattern.end(),
                       [](const std::string& segment) { return segment.front() != '{'; });
}

}  // namespace

std::vector<std::string> Router::split(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (true) {
    size_t end = path.find('/');
    segments.emplace_back(path.substr(0, end));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

void Router::add(Route route) {
  std::vector<std::string> segments = split(route.path);
  route.figures = std::make_shared<RouteFigures>();
  entries_.push_back({std::move(route), std::move(segments)});
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return fixedSegments(a.segments) > fixedSegments(b.segments);
  });
}

std::vector<std::pair<std::string, std::string>> Router::all() const {
  std::vector<std::pair<std::string, std::string>> list;
  for (const Entry& entry : entries_) list.emplace_back(entry.route.method, entry.route.path);
  return list;
}

Router::Figures Router::figures() const {
  Figures list;
  for (const Entry& entry : entries_) list.push_back({{entry.route.method, entry.route.path}, entry.route.figures.get()});
  list.push_back({{"none", "none"}, unrouted_.get()});
  return list;
}

Result<const Router::Route*> Router::find(Call& call, std::string* allow) const {
  std::vector<std::string> path = split(call.path);
  const Entry* found = nullptr;
  std::vector<std::string> methods;
  for (const Entry& entry : entries_) {
    if (!matches(entry.segments, path)) continue;
    methods.push_back(entry.route.method);
    bool same = entry.route.method == call.method || (call.method == "HEAD" && entry.route.method == "GET");
    if (same && !found) found = &entry;
  }
  if (!found) {
    bool later = std::any_of(not_served_.begin(), not_served_.end(),
                             [&](const auto& pattern) { return matches(pattern, path); });
    std::string shown = displayName(call.path, kMaxShownBytes);
    if (later) {
      return stateError("not_served", "This version of Hearthgate does not serve " + shown +
                                          "; /api/v1/openapi.yaml lists what it serves.");
    }
    if (methods.empty()) {
      return stateError("not_found", "There is nothing at " + shown + "; /api/v1/openapi.yaml lists what is served.");
    }
    std::sort(methods.begin(), methods.end());
    methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
    for (const std::string& method : methods) {
      *allow += (allow->empty() ? "" : ", ") + method;
      if (method == "GET") *allow += ", HEAD";
    }
    return inputError("method_not_allowed",
                      displayName(call.method, 16) + " is not served at " + shown + "; " + *allow + " are.");
  }
  for (size_t i = 0; i < path.size(); ++i) {
    if (found->segments[i].front() != '{') continue;
    auto text = percentDecoded(path[i], false);
    if (!text)
      return inputError("bad_id", "The path " + displayName(call.path, kMaxShownBytes) + " holds a broken %XX or bytes that are no UTF-8.");
    call.parameters.push_back(std::move(*text));
  }
  const auto& known = found->route.query;
  for (const auto& [key, value] : call.query) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string list;
    for (std::string_view one : known) list += (list.empty() ? "" : ", ") + std::string(one);
    return inputError("bad_query", "The query key '" + displayName(key, kMaxShownBytes) + "' is not known here; " +
                                       (list.empty() ? "this call takes none." : "known are: " + list + "."));
  }
  return &found->route;
}

}  // namespace hearthgate::api
