// The REST server's sockets, which give a client time and not for ever: Poco limits how long one read or write may
// stand still, so a client that sends or takes a byte now and then would keep its thread for hours. Used by the server
// alone; a socket belongs to the thread that serves it.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>

namespace hearthgate::api {

// How long was waited for a client in one direction, and what came of it.
class Patience {
 public:
  // False when it is over.
  bool waited(std::chrono::steady_clock::duration time, int bytes);
  void renew() { *this = {}; }

 private:
  std::chrono::steady_clock::duration time_{};
  int64_t bytes_ = 0;
};

// The connections that are open. Any thread.
class OpenSockets {
 public:
  void add(int descriptor);
  void remove(int descriptor);
  // Whoever reads or writes on one fails at once.
  void shutDown();
  // The same of one, unless it is `closing`: its number may be another one's by then.
  void shutDown(int descriptor, const std::atomic<bool>& closing);

 private:
  std::mutex mutex_;
  std::set<int> all_;
};

class PatientSocket final : public Poco::Net::StreamSocketImpl {
 public:
  PatientSocket(poco_socket_t descriptor, std::shared_ptr<OpenSockets> open);
  ~PatientSocket() override;
  void close() override;
  // The server's, from another thread than that which serves the socket and closes it.
  void shutdown() override;

  // Both throw Poco::TimeoutException when a client is slower than tuning.h allows. A request and its answer have each
  // their own time.
  int receiveBytes(void* buffer, int length, int flags) override;
  int sendBytes(const void* buffer, int length, int flags) override;
  using StreamSocketImpl::receiveBytes;
  using StreamSocketImpl::sendBytes;

 private:
  const std::shared_ptr<OpenSockets> open_;
  const int descriptor_;
  std::atomic<bool> closing_{false};
  Patience receiving_, sending_;
  bool answering_ = false;
};

class PatientServerSocket final : public Poco::Net::ServerSocket {
 public:
  explicit PatientServerSocket(std::shared_ptr<OpenSockets> open);
};

}  // namespace hearthgate::api
