#include "mdns_process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <sys/pidfd.h>  // of glibc 2.36, which forgot to say that it is C
}

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "lan/tuning.h"
#include "mdns_messages.h"

namespace hearthgate::lan {

using std::chrono::steady_clock;

struct MdnsProcess::Loop {
  struct Browse {
    std::string type;
    Heard heard;
    std::map<std::tuple<std::string, std::string, bool>, sdk::ServiceInstance> told;  // name, interface, whether IPv6
  };
  struct Announcing {
    sdk::Announcement service;
    Announced announced;
  };

  Loop(std::string given_program, std::string given_mode, Logger given_logger)
      : program(std::move(given_program)), mode(std::move(given_mode)), logger(std::move(given_logger)) {}

  const std::string program, mode;
  const Logger logger;
  int bell = -1;
  std::thread thread;
  std::mutex stop_mutex;

  std::mutex mutex;  // of what follows
  bool stopping = false;
  std::vector<std::function<void()>> tasks;
  uint64_t last_number = 0;

  // The thread's.
  pid_t process = -1;
  int socket = -1;
  std::string outgoing;
  Lines incoming;
  std::map<uint64_t, Browse> browses;
  std::map<uint64_t, Announcing> announcements;
  steady_clock::time_point begun{};  // the process
  steady_clock::time_point due{};    // the next one
  std::chrono::milliseconds pause = kProcessPause;

  bool post(std::function<void()> task) {
    std::lock_guard lock(mutex);
    if (stopping || bell < 0) return false;
    tasks.push_back(std::move(task));
    (void)eventfd_write(bell, 1);  // It fails only when it rings already.
    return true;
  }

  void run() {
    pthread_setname_np(pthread_self(), "hg-mdns");
    while (true) {
      std::vector<std::function<void()>> work;
      {
        std::lock_guard lock(mutex);
        if (stopping) break;
        work.swap(tasks);
      }
      for (const auto& task : work) task();
      if (process < 0 && steady_clock::now() >= due) begin();
      wait();
    }
    // The thread ends with the process: it says goodbye on the networks when its standard input ends.
    endProcess();
  }

  void begin() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed(std::strerror(errno));
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);  // not every library closes its own
    // Nothing of the gateway's environment is its business but where the message bus is.
    std::string bus = std::getenv("DBUS_SYSTEM_BUS_ADDRESS") != nullptr
                          ? "DBUS_SYSTEM_BUS_ADDRESS=" + std::string(std::getenv("DBUS_SYSTEM_BUS_ADDRESS"))
                          : "";
    std::string name = program, argument = mode;
    char* const arguments[] = {name.data(), argument.data(), nullptr};
    char* const environment[] = {bus.empty() ? nullptr : bus.data(), nullptr};
    const int error = ::posix_spawn(&process, program.c_str(), &actions, nullptr, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) {
      ::close(ends[0]);
      process = -1;
      return failed(program + ": " + std::strerror(error));
    }
    socket = ends[0];
    begun = steady_clock::now();
    outgoing.clear();
    incoming = {};
    for (const auto& [number, browse] : browses) order({MdnsOrder::What::kBrowse, number, {browse.type, "", 0, {}, ""}});
    for (const auto& [number, announcing] : announcements) order({MdnsOrder::What::kAnnounce, number, announcing.service});
  }

  void failed(const std::string& why) {
    logger(sdk::Log::Level::kError, "multicast DNS is off for now: " + why);
    due = steady_clock::now() + pause;
    pause = std::min(2 * pause, kProcessLongestPause);
  }

  void order(const MdnsOrder& order) {
    if (process < 0) return;  // It is told all that is wanted when it begins.
    outgoing += encode(order);
    write();
  }

  void write() {
    while (!outgoing.empty()) {
      const ssize_t sent = ::send(socket, outgoing.data(), outgoing.size(), MSG_NOSIGNAL);
      if (sent < 0) return;  // Full for now, or at its end: the next read tells.
      outgoing.erase(0, static_cast<size_t>(sent));
    }
  }

  void wait() {
    pollfd polled[2] = {{bell, POLLIN, 0}, {socket, static_cast<short>(outgoing.empty() ? POLLIN : POLLIN | POLLOUT), 0}};
    int patience = -1;
    if (process < 0) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due - steady_clock::now()).count();
      patience = static_cast<int>(std::max<int64_t>(left + 1, 0));
    }
    if (::poll(polled, process < 0 ? 1 : 2, patience) < 0) return;
    eventfd_t rung = 0;
    if (polled[0].revents != 0) (void)eventfd_read(bell, &rung);
    if (process < 0) return;
    if ((polled[1].revents & POLLOUT) != 0) write();
    if ((polled[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) read();
  }

  void read() {
    char bytes[16384];
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    const bool fine = got > 0 && incoming.feed({bytes, static_cast<size_t>(got)}, [&](std::string_view line) {
      if (const auto report = decodeReport(line)) take(*report);
    });
    if (!fine) ended();
  }

  void take(const MdnsReport& report) {
    if (report.what == MdnsReport::What::kLog) return logger(report.level, report.text);
    if (report.what == MdnsReport::What::kAnnounced) {
      const auto at = announcements.find(report.number);
      if (at != announcements.end()) at->second.announced(report.outcome, report.text);
      return;
    }
    const auto at = browses.find(report.number);
    if (at == browses.end()) return;
    const sdk::ServiceInstance& instance = report.instance;
    const std::tuple key{instance.name, instance.interface, instance.address.find(':') != std::string::npos};
    if (report.change == sdk::ServiceChange::kLost) {
      at->second.told.erase(key);
    } else if (at->second.told.size() >= kMaxInstances && !at->second.told.contains(key)) {
      return;  // It looks at no more itself; what tells of more is no longer what was begun.
    } else {
      at->second.told[key] = instance;
    }
    at->second.heard(report.change, instance);
  }

  // The process ended by itself: a stranger's packet, most likely.
  void ended() {
    const std::string how = endProcess();
    if (steady_clock::now() - begun > kProcessLongestPause) pause = kProcessPause;
    failed(how);
    for (auto& [number, browse] : browses) {
      const auto told = std::move(browse.told);
      browse.told.clear();
      for (const auto& [key, instance] : told) browse.heard(sdk::ServiceChange::kLost, instance);
    }
  }

  // How it ended.
  std::string endProcess() {
    if (process < 0) return "";
    ::close(socket);
    socket = -1;
    // Readable when it has ended (pidfd_open(2)); one that takes too long, or cannot be waited for like this, is killed.
    const int ending = ::pidfd_open(process, 0);
    pollfd polled{ending, POLLIN, 0};
    if (ending < 0 || ::poll(&polled, 1, static_cast<int>(kProcessEnd.count())) != 1) ::kill(process, SIGKILL);
    if (ending >= 0) ::close(ending);
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    process = -1;
    if (WIFSIGNALED(status)) return "its process ended with signal " + std::to_string(WTERMSIG(status));
    return "its process ended with status " + std::to_string(WEXITSTATUS(status));
  }
};

MdnsProcess::MdnsProcess(std::string program, std::string mode, Logger logger)
    : loop_(std::make_unique<Loop>(std::move(program), std::move(mode), std::move(logger))) {}

MdnsProcess::~MdnsProcess() { stop(); }

sdk::Outcome MdnsProcess::start() {
  loop_->bell = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (loop_->bell < 0) return sdk::Outcome::failure("mdns_failed", std::string("multicast DNS cannot start: ") + std::strerror(errno));
  loop_->thread = std::thread([loop = loop_.get()] { loop->run(); });
  return sdk::Outcome::success();
}

void MdnsProcess::stop() {
  Loop& loop = *loop_;
  std::lock_guard one_caller(loop.stop_mutex);
  {
    std::lock_guard lock(loop.mutex);
    loop.stopping = true;
    if (loop.bell >= 0) (void)eventfd_write(loop.bell, 1);
  }
  if (loop.thread.joinable()) loop.thread.join();
  std::lock_guard lock(loop.mutex);
  loop.tasks.clear();
  if (loop.bell >= 0) ::close(loop.bell);
  loop.bell = -1;
}

uint64_t MdnsProcess::browse(const std::string& type, Heard heard) {
  Loop* loop = loop_.get();
  uint64_t number;
  {
    std::lock_guard lock(loop->mutex);
    number = ++loop->last_number;
  }
  loop->post([loop, number, type, heard = std::move(heard)]() mutable {
    loop->browses[number] = {type, std::move(heard), {}};
    loop->order({MdnsOrder::What::kBrowse, number, {type, "", 0, {}, ""}});
  });
  return number;
}

uint64_t MdnsProcess::announce(sdk::Announcement announcement, Announced announced) {
  Loop* loop = loop_.get();
  uint64_t number;
  {
    std::lock_guard lock(loop->mutex);
    number = ++loop->last_number;
  }
  loop->post([loop, number, announcement = std::move(announcement), announced = std::move(announced)]() mutable {
    loop->order({MdnsOrder::What::kAnnounce, number, announcement});
    loop->announcements[number] = {std::move(announcement), std::move(announced)};
  });
  return number;
}

void MdnsProcess::update(uint64_t number, std::vector<std::string> txt) {
  Loop* loop = loop_.get();
  loop->post([loop, number, txt = std::move(txt)] {
    const auto at = loop->announcements.find(number);
    if (at == loop->announcements.end()) return;
    at->second.service.txt = txt;
    loop->order({MdnsOrder::What::kUpdate, number, at->second.service});
  });
}

void MdnsProcess::end(uint64_t number) {
  Loop* loop = loop_.get();
  const auto forget = [loop, number] {
    if (loop->browses.erase(number) + loop->announcements.erase(number) != 0) loop->order({MdnsOrder::What::kEnd, number, {}});
  };
  // The caller may be one of the thread's callbacks.
  if (pthread_equal(pthread_self(), loop->thread.native_handle())) {
    loop->post(forget);
    return;
  }
  // In the task alone: when the loop ends before it, the promise goes with the task.
  auto ended = std::make_shared<std::promise<void>>();
  const std::future<void> done = ended->get_future();
  const bool posted = loop->post([forget, ended = std::move(ended)] {
    forget();
    ended->set_value();
  });
  if (posted) done.wait();
}

std::string mdnsProgram(std::string* problem) {
  Dl_info info{};
  char real[4096] = {};
  // The gateway loads plugins by their descriptors, /proc/self/fd/N.
  if (::dladdr(reinterpret_cast<const void*>(&mdnsProgram), &info) == 0 || ::realpath(info.dli_fname, real) == nullptr) {
    *problem = "the folder of its program cannot be found";
    return "";
  }
  std::string program = real;
  program = program.substr(0, program.rfind('/')) + "/lan-mdns";
  struct stat found {};
  if (::stat(program.c_str(), &found) != 0) {
    *problem = program + ": " + std::strerror(errno);
  } else if ((found.st_uid != 0 && found.st_uid != ::geteuid()) || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    *problem = program + ": others could have written it (chown root:root, chmod 755)";
  } else {
    return program;
  }
  return "";
}

}  // namespace hearthgate::lan
