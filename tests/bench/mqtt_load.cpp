// Load on two MQTT brokers that are bridged: publishes at one with QoS 1, a thousand at a time, and watches the other.
//
//   mqtt_load PORT_A PORT_B       (commands: load.h)
#include <mosquitto.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "bench/load.h"

using namespace hearthgate::bench;

namespace {

constexpr size_t kBatch = 1000;  // as many as one bulk call carries
constexpr int kKeepAliveS = 60;

void need(int code, const char* what) {
  if (code == MOSQ_ERR_SUCCESS) return;
  std::fprintf(stderr, "mqtt_load: %s: %s\n", what, mosquitto_strerror(code));
  std::exit(1);
}

class Client {
 public:
  explicit Client(const char* name) : client_(mosquitto_new(name, true, this)) {
    mosquitto_connect_callback_set(client_, [](mosquitto*, void* self, int code) {
      need(code == 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_CONN_REFUSED, "connecting");
      static_cast<Client*>(self)->count();
    });
    mosquitto_publish_callback_set(client_, [](mosquitto*, void* self, int) { static_cast<Client*>(self)->count(); });
    mosquitto_subscribe_callback_set(
        client_, [](mosquitto*, void* self, int, int, const int*) { static_cast<Client*>(self)->count(); });
  }

  void connect(int port) {
    need(mosquitto_max_inflight_messages_set(client_, kBatch), "setting the window");
    need(mosquitto_connect(client_, "127.0.0.1", port, kKeepAliveS), "connecting");
    need(mosquitto_loop_start(client_), "starting");
    await(1);
  }
  void subscribe(Arrivals* arrivals) {
    arrivals_ = arrivals;
    mosquitto_message_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* message) {
      std::string_view text(static_cast<const char*>(message->payload), static_cast<size_t>(message->payloadlen));
      static_cast<Client*>(self)->arrivals_->seen(tokenIn(text));
    });
    need(mosquitto_subscribe(client_, nullptr, "home/#", 1), "subscribing");
    await(1);
  }
  void publish(const Update& one) {
    std::string topic = "home/" + entityId(one.entity);
    need(mosquitto_publish(client_, nullptr, topic.c_str(), static_cast<int>(one.fields.size()), one.fields.data(), 1, true),
         "publishing");
  }
  // Until so many more answers of the broker have come.
  void await(size_t answers) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= answers; });
    count_ -= answers;
  }

 private:
  void count() {
    std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }

  mosquitto* client_;
  Arrivals* arrivals_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: mqtt_load PORT_A PORT_B\n");
    return 2;
  }
  mosquitto_lib_init();
  Arrivals arrivals;
  Client here("here"), there("there");
  here.connect(std::atoi(arguments[1]));
  there.connect(std::atoi(arguments[2]));
  there.subscribe(&arrivals);
  Load load;
  load.write = [&](const std::vector<Update>& all) {
    for (size_t i = 0; i < all.size(); i += kBatch) {
      size_t end = std::min(all.size(), i + kBatch);
      for (size_t k = i; k < end; ++k) here.publish(all[k]);
      here.await(end - i);
    }
  };
  load.single = [&](const Update& one) {
    here.publish(one);
    here.await(1);
  };
  return serveLoad(load, arrivals);
}
