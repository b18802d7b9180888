#include "api/port_check.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace hearthgate::api {
namespace {

// A connection that has begun, or why none has; connected at once is nothing of the two.
int begin(const Endpoint& endpoint, std::string* why) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = ::getaddrinfo(endpoint.address.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error != 0) {
    *why = ::gai_strerror(error);
    return -1;
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, ::freeaddrinfo);
  int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && (::connect(fd, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS)) return fd;
  *why = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return -1;
}

}  // namespace

std::vector<std::string> whyNotTaken(const std::vector<Endpoint>& endpoints, std::chrono::milliseconds limit) {
  std::vector<std::string> why(endpoints.size());
  std::vector<pollfd> waiting(endpoints.size());
  for (size_t i = 0; i < endpoints.size(); ++i) waiting[i] = {begin(endpoints[i], &why[i]), POLLOUT, 0};
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + limit;
  auto some = [&] { return std::any_of(waiting.begin(), waiting.end(), [](const pollfd& one) { return one.fd >= 0; }); };
  while (some()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now()).count();
    const bool over = left <= 0;
    if (::poll(waiting.data(), waiting.size(), over ? 0 : static_cast<int>(left)) < 0 && errno != EINTR) break;
    for (size_t i = 0; i < waiting.size(); ++i) {
      pollfd& one = waiting[i];
      if (one.fd < 0 || (one.revents == 0 && !over)) continue;
      int error = one.revents == 0 ? ETIMEDOUT : 0;
      socklen_t size = sizeof error;
      if (one.revents != 0) ::getsockopt(one.fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) why[i] = std::strerror(error);
      ::close(one.fd);
      one.fd = -1;
    }
  }
  for (const pollfd& one : waiting) {
    if (one.fd >= 0) ::close(one.fd);
  }
  return why;
}

}  // namespace hearthgate::api
