// A TCP way between two programs that counts the bytes it carries and can be cut.
//
//   counting_proxy TARGET_PORT        (127.0.0.1; says {"port":N}, then obeys lines on standard input)
//   count    {"to_target","from_target"} since the last count
//   cut      closes what is open and refuses what comes     {}
//   heal     {}
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <set>

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

class Proxy;

// One connection, both ways; ends as a whole.
class Pair : public std::enable_shared_from_this<Pair> {
 public:
  Pair(Proxy* proxy, tcp::socket from, asio::io_context& context)
      : proxy_(proxy), from_(std::move(from)), to_(context) {}

  void start(const tcp::endpoint& target);
  void close();

 private:
  struct Way {
    std::array<char, 1 << 18> bytes;
  };
  void carry(tcp::socket& source, tcp::socket& sink, Way* way, uint64_t* count);
  void end();

  Proxy* proxy_;
  tcp::socket from_, to_;
  Way forth_, back_;
};

class Proxy {
 public:
  Proxy(asio::io_context& context, uint16_t target)
      : context_(context), target_(asio::ip::address_v4::loopback(), target) {
    open(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    here_ = acceptor_->local_endpoint();
  }

  uint16_t port() const { return here_.port(); }
  void cut() {
    acceptor_.reset();
    auto open = std::move(pairs_);
    pairs_.clear();
    for (const auto& pair : open) pair->close();
  }
  void heal() { open(here_); }
  void forget(const std::shared_ptr<Pair>& pair) { pairs_.erase(pair); }

  uint64_t to_target = 0, from_target = 0;

 private:
  void open(const tcp::endpoint& endpoint) {
    acceptor_.emplace(context_, endpoint, true);
    accept();
  }
  void accept() {
    acceptor_->async_accept([this](error_code error, tcp::socket socket) {
      if (error) return;
      auto pair = std::make_shared<Pair>(this, std::move(socket), context_);
      pairs_.insert(pair);
      pair->start(target_);
      accept();
    });
  }

  asio::io_context& context_;
  tcp::endpoint target_, here_;
  std::optional<tcp::acceptor> acceptor_;
  std::set<std::shared_ptr<Pair>> pairs_;
};

void Pair::start(const tcp::endpoint& target) {
  to_.async_connect(target, [self = shared_from_this()](error_code error) {
    if (error) return self->end();
    for (tcp::socket* socket : {&self->from_, &self->to_}) {
      error_code ignored;
      (void)socket->set_option(tcp::no_delay(true), ignored);
    }
    self->carry(self->from_, self->to_, &self->forth_, &self->proxy_->to_target);
    self->carry(self->to_, self->from_, &self->back_, &self->proxy_->from_target);
  });
}

void Pair::carry(tcp::socket& source, tcp::socket& sink, Way* way, uint64_t* count) {
  source.async_read_some(asio::buffer(way->bytes), [self = shared_from_this(), &source, &sink, way, count](
                                                       error_code error, size_t size) {
    if (error) return self->end();
    *count += size;
    asio::async_write(sink, asio::buffer(way->bytes, size), [self, &source, &sink, way, count](error_code failed, size_t) {
      if (failed) return self->end();
      self->carry(source, sink, way, count);
    });
  });
}

void Pair::close() {
  error_code ignored;
  (void)from_.close(ignored);
  (void)to_.close(ignored);
}

void Pair::end() {
  close();
  proxy_->forget(shared_from_this());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: counting_proxy TARGET_PORT\n");
    return 2;
  }
  asio::io_context context;
  Proxy proxy(context, static_cast<uint16_t>(std::atoi(arguments[1])));
  std::cout << "{\"port\":" << proxy.port() << "}" << std::endl;
  asio::posix::stream_descriptor input(context, STDIN_FILENO);
  asio::streambuf text;
  std::function<void()> next = [&] {
    asio::async_read_until(input, text, '\n', [&](error_code error, size_t) {
      if (error) return context.stop();
      std::istream lines(&text);
      std::string line;
      std::getline(lines, line);
      if (line == "cut") proxy.cut();
      if (line == "heal") proxy.heal();
      if (line == "count") {
        std::cout << "{\"to_target\":" << proxy.to_target << ",\"from_target\":" << proxy.from_target << "}" << std::endl;
        proxy.to_target = proxy.from_target = 0;
      } else {
        std::cout << "{}" << std::endl;
      }
      next();
    });
  };
  next();
  context.run();
  return 0;
}
