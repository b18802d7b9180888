// A kept connection to a gateway's REST interface, for the programs that load it. Whatever goes wrong ends the program
// with a line on standard error: a benchmark that lost a call measures nothing. One thread.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/verb.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/updates.h"

namespace hearthgate::bench {

class RestConnection {
 public:
  RestConnection(int port, std::string token);

  // The body of the answer. `type` of the body, or null without one.
  std::string call(boost::beast::http::verb verb, const std::string& path, std::string body, const char* type);
  void put(const std::string& id, const Update& update);
  // In bulk, a thousand lines a call.
  void putAll(const std::vector<Update>& all, const std::function<std::string(int entity)>& id_of);
  // Server-sent events until `ends` or the connection ends; each line of data is given. `opened` says when they flow.
  void events(const std::string& path, const std::atomic<bool>& ends, const std::function<void(std::string_view)>& each,
              std::atomic<bool>* opened);
  // From another thread, while events() runs.
  void end() { stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both); }

 private:
  void send(boost::beast::http::verb verb, const std::string& path, std::string body, const char* type);

  std::string token_;
  boost::asio::io_context context_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace hearthgate::bench
