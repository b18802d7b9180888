#include "plugin_host/request_filter.h"

#include <arpa/inet.h>

#include <algorithm>

namespace hearthgate::plugin_host {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

struct Authority {
  std::string host;  // lower case, IPv6 in brackets
  std::string port;  // empty: the scheme's own
};

// `HOST[:PORT]` of a Host or Origin header (RFC 3986 section 3.2); host empty when it is none.
Authority split(std::string_view text) {
  size_t host_end = text.find(':');
  if (!text.empty() && text.front() == '[') {
    const size_t bracket = text.find(']');
    if (bracket == text.npos) return {};
    host_end = bracket + 1;
    if (host_end < text.size() && text[host_end] != ':') return {};
    if (host_end == text.size()) host_end = text.npos;
  }
  Authority out{lower(text.substr(0, host_end)), ""};
  if (host_end != text.npos) out.port = text.substr(host_end + 1);
  if (out.port.size() > 5 || out.port.find_first_not_of("0123456789") != std::string::npos) return {};
  if (out.host.find_first_of(" \t/@\\%") != std::string::npos) return {};
  return out;
}

bool isIpLiteral(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return true;
  if (host.size() < 4 || host.front() != '[') return false;
  return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six) == 1;
}

// A port of the scheme's own may be written or not.
std::string explicitPort(const Authority& authority, const std::string& scheme) {
  if (!authority.port.empty()) return authority.port;
  return scheme == "https" ? "443" : "80";
}

bool sameOrigin(const std::string& origin, const std::string& host_header) {
  const size_t end = origin.find("://");
  if (end == std::string::npos) return false;  // `null` among others
  const std::string scheme = lower(std::string_view(origin).substr(0, end));
  if (scheme != "http" && scheme != "https") return false;
  const Authority from = split(std::string_view(origin).substr(end + 3));
  const Authority to = split(host_header);
  return !from.host.empty() && from.host == to.host && explicitPort(from, scheme) == explicitPort(to, scheme);
}

}  // namespace

HostFilter::HostFilter(const std::vector<std::string>& names) {
  for (const std::string& name : names) names_.insert(lower(name));
}

// A name with a dot can be made to point here by whoever owns it (DNS rebinding); these cannot.
bool HostFilter::knows(std::string_view host) const {
  const std::string text(host);
  if (isIpLiteral(text) || names_.count(text) != 0) return true;
  return text.find_first_of(".:[]") == std::string::npos;
}

uint32_t HostFilter::check(const sdk::Request& request) {
  if (!request.host) return 400;
  const Authority host = split(*request.host);
  if (host.host.empty() || !knows(host.host)) return 403;
  if (request.origin && !sameOrigin(*request.origin, *request.host)) return 403;
  if (request.sec_fetch_site) {
    const std::string site = lower(*request.sec_fetch_site);
    if (site != "same-origin" && site != "none") return 403;
  }
  return 0;
}

}  // namespace hearthgate::plugin_host
