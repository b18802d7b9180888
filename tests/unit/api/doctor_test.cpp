// GET /doctor: each check with its verdicts. What it looks at is scripted; ports, disk and database are real.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "api/doctor.h"
#include "api/port_check.h"
#include "sync/reach.h"
#include "unit/api/served_home.h"

namespace hearthgate::api {

using Interface = NetworkLook::Interface;

// A port on loopback at which somebody listens, or nobody does.
class Listening {
 public:
  explicit Listening(bool listens) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listens ? ::listen(fd_, 8) : 0, 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Listening() { ::close(fd_); }
  std::string text() const { return "127.0.0.1:" + std::to_string(port); }
  uint16_t port = 0;

 private:
  int fd_;
};

class Doctor : public ServedHome {
 protected:
  void SetUp() override {
    ServedHome::SetUp();
    homes_.look.name = "hearthgate-abcdefgh";
    homes_.look.interfaces = {interface("eth0")};
    plugins_.items[0].listeners[0].address = sync_.text();
  }
  static Interface interface(const std::string& name) {
    Interface made;
    made.name = name;
    made.addresses = {"127.0.0.1"};
    made.running = made.multicast = made.announced = made.heard = true;
    return made;
  }
  // As after the way to it was found whole, or ended at `stopped`.
  void wayTo(const std::string& code, bool opened = false, bool established = false) {
    sync::LinkFacts link;
    link.name = "City";
    link.dials = {{"192.0.2.7:8765", sync::stepOf(code, opened, established), code, "", false}};
    homes_.steps = sync::reachSteps(link);
  }
  void connected() {
    sync::LinkFacts link;
    link.name = "City";
    link.state = homes_.home_state.state = "connected";
    link.dialled = link.hello = true;
    homes_.steps = sync::reachSteps(link);
    homes_.home_state.clock_offset_ms = 12;
  }
  void ask() {
    got_ = get("/doctor");
    EXPECT_EQ(got_.status, 200) << got_.body;
  }
  // The value of a finding; "-" when there is none.
  std::string of(const std::string& id, const std::string& member = "verdict") {
    for (size_t i = 0;; ++i) {
      std::string at = "items." + std::to_string(i);
      std::string found = got_.at(at + ".id");
      if (found.empty()) return "-";
      if (found != id) continue;
      bool bad = got_.at(at + ".verdict") == "warn" || got_.at(at + ".verdict") == "fail";
      EXPECT_EQ(bad, !got_.at(at + ".next_action").empty()) << got_.at(at + ".detail");
      EXPECT_FALSE(got_.at(at + ".detail").empty()) << id;
      return got_.at(at + "." + member);
    }
  }
  bool says(const std::string& id, const std::string& words) {
    std::string text = of(id, "detail") + " " + of(id, "next_action");
    if (text.find(words) != std::string::npos) return true;
    ADD_FAILURE() << id << ": '" << words << "' is not in: " << text;
    return false;
  }

  Listening sync_{true};
  Got got_;
};

TEST_F(Doctor, FindsAHealthyHomeWell) {
  HomeId city = pair("City");
  connected();
  ask();
  const std::string home = "home." + city.text().substr(0, 8) + ".";
  for (const std::string& id : std::vector<std::string>{
           "links", "plugin.lan", "announcement", "mdns.eth0", "mdns.others", "port.sync.127.0.0.1", "port.admin.127.0.0.1",
           home + "name", home + "address", home + "tcp", home + "websocket", home + "tls", home + "pinned", home + "level",
           home + "clock", "clock", "database", "writes"}) {
    EXPECT_EQ(of(id), "ok") << id << ": " << of(id, "detail");
  }
  EXPECT_EQ(homes_.tried, 1);
  EXPECT_EQ(of("disk") == "ok" ? "ok" : of("disk"), got_.at("worst")) << got_.body;
  EXPECT_EQ(get("/doctor?x=1").code(), "bad_query");
}

TEST_F(Doctor, GivesNoVerdictWhileTheGatewayStops) {
  homes_.stops = true;
  Got got = get("/doctor");
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(got.code(), "stopping");
}

TEST_F(Doctor, GoesStepByStepToEachHome) {
  HomeId city = pair("City");
  const std::string home = "home." + city.text().substr(0, 8) + ".";
  wayTo("not_a_websocket");
  ask();
  EXPECT_EQ(got_.at("worst"), "fail");
  EXPECT_EQ(of(home + "tcp"), "ok");
  EXPECT_EQ(of(home + "websocket"), "fail");
  EXPECT_EQ(of(home + "tls"), "skipped");
  EXPECT_EQ(of(home + "level"), "skipped");
  EXPECT_TRUE(says(home + "websocket", "no Hearthgate"));
  EXPECT_TRUE(says(home + "clock", "while connected"));
  homes_.steps.clear();
  ask();
  EXPECT_EQ(of(home + "tcp"), "-");
  EXPECT_EQ(of(home + "level"), "skipped");
  onEngine([&](engine::Core& core) {
    auto row = core.store().peer(city);
    row->kept_apart = true;
    core.store().putPeer(*row);
  });
  ask();
  EXPECT_TRUE(says(home + "level", "home connect City"));
}

TEST_F(Doctor, SaysWhatIsHeldAndRefused) {
  HomeId city = pair("City");
  connected();
  onEngine([&](engine::Core& core) {
    store::HeldRow row;
    row.home = city;
    row.address = {model::OwnerId(identity_->home()), "light.a"};
    row.reason = "drift";
    core.store().addHeld(row);
  });
  ask();
  const std::string level = "home." + city.text().substr(0, 8) + ".level";
  EXPECT_EQ(of(level), "warn");
  EXPECT_TRUE(says(level, "1 version held back"));
}

TEST_F(Doctor, ComparesClocks) {
  const std::string clock = "home." + pair("City").text().substr(0, 8) + ".clock";
  connected();
  const int64_t drift_ms = configuration_.config.sharing.sync.max_clock_drift_s * 1000;
  for (const auto& [offset_ms, verdict] : std::vector<std::pair<int64_t, std::string>>{
           {0, "ok"}, {-drift_ms / 2, "ok"}, {drift_ms / 2 + 1, "warn"}, {-drift_ms, "warn"}, {drift_ms + 1, "fail"}, {-drift_ms - 1, "fail"}}) {
    homes_.home_state.clock_offset_ms = offset_ms;
    ask();
    EXPECT_EQ(of(clock), verdict) << offset_ms;
    EXPECT_TRUE(says(clock, offset_ms < 0 ? "behind" : "ahead"));
  }
}

TEST_F(Doctor, JudgesEachInterface) {
  Interface silent = interface("silent"), deaf = interface("deaf"), down = interface("down"), tunnel = interface("tun0"),
            elsewhere = interface("elsewhere"), bare = interface("bare"), lo = interface("lo");
  silent.heard = deaf.heard = down.heard = tunnel.heard = elsewhere.heard = bare.heard = lo.heard = false;
  deaf.multicast = deaf.announced = false;
  down.running = down.announced = false;
  tunnel.point_to_point = true;
  tunnel.announced = elsewhere.announced = lo.announced = false;
  bare.addresses.clear();
  lo.loopback = true;
  homes_.look.interfaces = {interface("eth0"), silent, deaf, down, tunnel, elsewhere, bare, lo};
  ask();
  EXPECT_EQ(of("mdns.eth0"), "ok");
  EXPECT_EQ(of("mdns.silent"), "fail");
  EXPECT_TRUE(says("mdns.silent", "UDP port 5353"));
  EXPECT_EQ(of("mdns.deaf"), "warn");
  EXPECT_TRUE(says("mdns.deaf", "ip link set deaf multicast on"));
  for (const char* id : {"mdns.down", "mdns.tun0", "mdns.elsewhere", "mdns.bare"}) EXPECT_EQ(of(id), "skipped") << id;
  EXPECT_EQ(of("mdns.lo"), "-");
  EXPECT_EQ(got_.at("worst"), "fail");
}

TEST_F(Doctor, SaysWhyNothingIsAnnounced) {
  homes_.look.off = "plugins.lan.mdns is off";
  ask();
  EXPECT_EQ(of("announcement"), "skipped");
  EXPECT_TRUE(says("announcement", "plugins.lan.mdns is off"));
  EXPECT_EQ(of("mdns.eth0"), "-");
  EXPECT_EQ(of("mdns.others"), "-");
  homes_.look.off.clear();
  homes_.look.problem = "multicast DNS takes no announcement now";
  homes_.look.interfaces[0].heard = false;
  ask();
  EXPECT_EQ(of("announcement"), "fail");
  EXPECT_EQ(of("mdns.eth0"), "skipped");
}

TEST_F(Doctor, MissesAHomeThatWasHeardAndIsNot) {
  HomeId city = pair("City");
  wayTo("timeout");
  DiscoveredItem seen{"_hearthgate._tcp", "hearthgate-x", "City", city.text().substr(0, 8), "192.0.2.7", "eth0", 8765, false, false, true, 1, 2};
  homes_.nearby = {seen};
  ask();
  EXPECT_EQ(of("mdns.others"), "ok");
  EXPECT_TRUE(says("mdns.others", "1 other home is heard, on eth0"));
  homes_.nearby[0].here = false;
  ask();
  EXPECT_EQ(of("mdns.others"), "warn");
  EXPECT_TRUE(says("mdns.others", "City (last on eth0)"));
  EXPECT_TRUE(says("mdns.others", "guest network"));
  // It is connected all the same, so nothing is amiss.
  connected();
  ask();
  EXPECT_EQ(of("mdns.others"), "ok");
}

TEST_F(Doctor, FindsAPortThatIsClosed) {
  Listening closed(false);
  plugins_.items[0].listeners[0].address = closed.text();
  ask();
  EXPECT_EQ(of("port.sync.127.0.0.1"), "fail");
  EXPECT_TRUE(says("port.sync.127.0.0.1", "refused"));
  EXPECT_EQ(of("port.admin.127.0.0.1"), "ok");
  // A wildcard is each address of each interface; loopback only when that is all.
  homes_.look.interfaces = {interface("eth0"), interface("lo")};
  homes_.look.interfaces[0].addresses = {"127.0.0.2", "fe80::1%eth0"};
  homes_.look.interfaces[1].loopback = true;
  plugins_.items[0].listeners[0].address = "0.0.0.0:" + std::to_string(closed.port);
  ask();
  EXPECT_EQ(of("port.sync.127.0.0.2"), "fail");
  EXPECT_EQ(of("port.sync.127.0.0.1"), "-");
  EXPECT_EQ(of("port.sync.fe80::1%eth0"), "-");
}

TEST_F(Doctor, JudgesPlugins) {
  plugins_.items.push_back({"poi", "1.0", {"bridge"}, "disabled", {}, {}});
  plugins_.items.push_back({"mqtt", "1.0", {"bridge"}, "left_out", pluginError("crashed", "it crashed three times"), {}});
  ask();
  EXPECT_EQ(of("plugin.poi"), "skipped");
  EXPECT_EQ(of("plugin.mqtt"), "fail");
  EXPECT_TRUE(says("plugin.mqtt", "crashed three times"));
  plugins_.items[0].state = "failed";
  ask();
  EXPECT_EQ(of("links"), "fail");
  configuration_.config.sharing.sync.enabled = false;
  ask();
  EXPECT_EQ(of("links"), "skipped");
}

TEST_F(Doctor, FindsADamagedDatabase) {
  for (int i = 0; i < 200; ++i) put("light.x" + std::to_string(i), "{\"text\":\"" + std::string(900, 'x') + "\"}");
  restart();  // Everything is in the file itself.
  ask();
  EXPECT_EQ(of("database"), "ok");
  std::fstream file(folder_ + "/home.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(0, std::ios::end);
  ASSERT_GT(file.tellg(), 40 * 4096);
  file.seekp(30 * 4096);
  for (int page = 0; page < 10; ++page) file.write(std::string(4096, '\xA5').data(), 4096);
  file.close();
  ask();
  EXPECT_EQ(of("database"), "fail");
  EXPECT_TRUE(says("database", "restore a backup"));
}

TEST_F(Doctor, ShowsNamesThatATerminalSurvives) {
  pair("Ci\x1b[2Jty");
  wayTo("timeout");
  ask();
  EXPECT_EQ(got_.body.find("\\u001b"), std::string::npos);
  EXPECT_EQ(got_.body.find('\x1b'), std::string::npos);
}

TEST(PortCheck, ConnectsToAllAtOnce) {
  Listening open(true), closed(false);
  auto why = whyNotTaken({{"127.0.0.1", open.port}, {"127.0.0.1", closed.port}, {"::1", 1}, {"no address", 1}, {"", 0}},
                         std::chrono::milliseconds(5'000));
  ASSERT_EQ(why.size(), 5u);
  EXPECT_EQ(why[0], "");
  for (size_t i = 1; i < why.size(); ++i) EXPECT_NE(why[i], "") << i;
}

TEST(SizeText, IsShort) {
  EXPECT_EQ(sizeText(0), "0 KiB");
  EXPECT_EQ(sizeText(5 << 20), "5.0 MiB");
  EXPECT_EQ(sizeText(uint64_t{3} << 29), "1.5 GiB");
}

}  // namespace hearthgate::api
