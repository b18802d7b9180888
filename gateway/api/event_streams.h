// The open streams of GET /events: one thread that owns their sockets, reads what is new after each commit and writes
// it to whoever asked for it. A stream has no thread of its own, so streams never take threads from requests.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/event_text.h"
#include "api/gateway.h"

namespace hearthgate::api {

// Woken by the engine after a commit; outlives the streams because the engine keeps its hooks.
class StreamBell {
 public:
  StreamBell();
  ~StreamBell();
  StreamBell(const StreamBell&) = delete;
  StreamBell& operator=(const StreamBell&) = delete;
  // Any thread; cheap while nobody listens.
  void ring();
  void ringAlways();
  void quiet();  // takes the bell's signal away again
  int descriptor() const { return descriptor_; }
  std::atomic<bool> wanted{false};

 private:
  int descriptor_;
};

struct StreamWish {
  int socket = -1;              // the stream's own, closed at its end
  std::set<std::string> types;  // empty: all
  std::string prefix;           // of entity ids
  uint64_t position = 0;        // everything above is wanted
  bool reset = false;           // what was asked for is no longer held
};

class EventStreams {
 public:
  EventStreams(Gateway& gateway, std::shared_ptr<StreamBell> bell);
  ~EventStreams();

  // A place among the kMaxStreams, to be filled with add() or given back; false when all are taken.
  bool reserve();
  void giveBack();
  void add(StreamWish wish);
  size_t count() const { return reserved_.load(); }
  // Ends every stream: its token is no longer right (TRUST.md T28), or the server stops.
  void closeAll();
  void stop();

 private:
  struct Stream {
    StreamWish wish;
    std::shared_ptr<const EventBatch> batch;  // what follows wish.position, while it is not given as a whole
    size_t given = 0;                         // of its events
    uint64_t told = 0;                        // the last place that the reader was told
    std::string buffer;
    size_t written = 0;  // of `buffer`
    bool live = false;   // has caught up once
    bool dead = false;
    size_t pending() const { return buffer.size() - written; }
  };

  void run();
  void takeNew();
  bool feedAll();
  bool feed(Stream& stream, std::shared_ptr<const EventBatch>& last);
  void give(Stream& stream);
  void begin(Stream& stream);
  void flush(Stream& stream);
  void comment();
  int64_t waitMs() const;

  Gateway& gateway_;
  std::shared_ptr<StreamBell> bell_;
  std::atomic<size_t> reserved_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> closing_{false};
  std::mutex mutex_;
  std::vector<StreamWish> fresh_;
  std::vector<std::unique_ptr<Stream>> streams_;  // the thread's own
  int64_t last_comment_ms_ = 0;
  std::thread thread_;
};

}  // namespace hearthgate::api
