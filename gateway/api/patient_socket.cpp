#include "api/patient_socket.h"

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <sys/socket.h>

#include <cerrno>

#include "api/tuning.h"

namespace hearthgate::api {

namespace net = Poco::Net;

namespace {

class PatientServerSocketImpl final : public net::ServerSocketImpl {
 public:
  explicit PatientServerSocketImpl(std::shared_ptr<OpenSockets> open) : open_(std::move(open)) {}
  net::SocketImpl* acceptConnection(net::SocketAddress& client) override {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    int descriptor = -1;
    do {
      descriptor = ::accept4(sockfd(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) error();
    client = net::SocketAddress(reinterpret_cast<const sockaddr*>(&address), size);
    return new PatientSocket(descriptor, open_);
  }

 private:
  const std::shared_ptr<OpenSockets> open_;
};

}  // namespace

bool Patience::waited(std::chrono::steady_clock::duration time, int bytes) {
  time_ += time;
  bytes_ += bytes;
  return time_ <= kSocketTimeout + std::chrono::seconds(bytes_ / kSlowestBytesPerS);
}

void OpenSockets::add(int descriptor) {
  std::lock_guard lock(mutex_);
  all_.insert(descriptor);
}

void OpenSockets::remove(int descriptor) {
  std::lock_guard lock(mutex_);
  all_.erase(descriptor);
}

void OpenSockets::shutDown() {
  std::lock_guard lock(mutex_);
  for (int descriptor : all_) ::shutdown(descriptor, SHUT_RDWR);
}

void OpenSockets::shutDown(int descriptor, const std::atomic<bool>& closing) {
  std::lock_guard lock(mutex_);
  if (!closing && all_.contains(descriptor)) ::shutdown(descriptor, SHUT_RDWR);
}

PatientSocket::PatientSocket(poco_socket_t descriptor, std::shared_ptr<OpenSockets> open)
    : StreamSocketImpl(descriptor), open_(std::move(open)), descriptor_(descriptor) {
  open_->add(descriptor);
}

PatientSocket::~PatientSocket() { open_->remove(sockfd()); }

void PatientSocket::close() {
  closing_ = true;
  open_->remove(sockfd());  // before the number can be another file's
  StreamSocketImpl::close();
}

void PatientSocket::shutdown() { open_->shutDown(descriptor_, closing_); }

int PatientSocket::receiveBytes(void* buffer, int length, int flags) {
  if (answering_) receiving_.renew();
  answering_ = false;
  const auto begun = std::chrono::steady_clock::now();
  const int got = StreamSocketImpl::receiveBytes(buffer, length, flags);
  if (!receiving_.waited(std::chrono::steady_clock::now() - begun, got))
    throw Poco::TimeoutException("the client sends too slowly");
  return got;
}

int PatientSocket::sendBytes(const void* buffer, int length, int flags) {
  if (!answering_) sending_.renew();
  answering_ = true;
  const char* rest = static_cast<const char*>(buffer);
  int left = length;
  while (left > 0) {
    const auto begun = std::chrono::steady_clock::now();
    // The base's would go on until all is sent.
    const int sent = SocketImpl::sendBytes(rest, left, flags);
    if (!sending_.waited(std::chrono::steady_clock::now() - begun, sent))
      throw Poco::TimeoutException("the client reads too slowly");
    rest += sent;
    left -= sent;
  }
  return length;
}

PatientServerSocket::PatientServerSocket(std::shared_ptr<OpenSockets> open)
    : ServerSocket(new PatientServerSocketImpl(std::move(open)), true) {}

}  // namespace hearthgate::api
