// Homes, pairing, plugins, configuration, words and tokens.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <thread>

#include "trust/words.h"
#include "unit/api/served_home.h"

namespace hearthgate::api {

using HomesCalls = ServedHome;

TEST_F(HomesCalls, AreListedShownAndEdited) {
  HomeId city = pair("City");
  pair("Away");
  homes_.home_state = {"connected", 1'700'000'000'000, "lan", "", true, 3, {}, {}, 4, -20, {"192.0.2.9:8765"}};
  Got list = get("/homes?limit=1");
  EXPECT_EQ(list.at("items.0.name"), "Away");
  EXPECT_EQ(get("/homes?after=" + list.at("next")).at("items.0.id"), city.text());
  Got one = get("/homes/" + city.text());
  EXPECT_EQ(one.at("state"), "connected");
  EXPECT_EQ(one.at("since"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(one.at("addresses.0.source"), "hand");
  EXPECT_EQ(one.at("addresses.1.source"), "found");
  EXPECT_EQ(one.at("addresses.1.address"), "192.0.2.9:8765");
  EXPECT_EQ(one.at("lag.to_send"), "3");
  EXPECT_EQ(one.at("clock_offset_ms"), "-20");
  EXPECT_EQ(ask("PATCH", "/homes/" + city.text(), R"({"addresses":["192.0.2.9:1"],"name":"Town"})").status, 200);
  EXPECT_NE(std::find(homes_.notes.begin(), homes_.notes.end(), "address 192.0.2.9:1"), homes_.notes.end());
  EXPECT_EQ(ask("PATCH", "/homes/" + city.text(), R"({"addresses":["nowhere"]})").code(), "bad_address");
  EXPECT_EQ(ask("PATCH", "/homes/" + city.text(), R"({"addresses":"x"})").code(), "bad_document");
  EXPECT_EQ(ask("PATCH", "/homes/" + city.text(), R"({"name":""})").code(), "bad_document");
  EXPECT_EQ(ask("PATCH", "/homes/" + city.text(), R"({"bandwidth_limit":-1})").code(), "bad_document");
  EXPECT_EQ(ask("PATCH", "/homes/" + city.text(), R"({"bandwidth_limit":"9"})").code(), "bad_document");
  EXPECT_EQ(ask("PATCH", "/homes/" + city.text(), R"({"bandwidth_limit":5000})").status, 200);
  EXPECT_EQ(homes_.notes.back(), "bandwidth 5000 " + city.text());
  EXPECT_EQ(ask("PATCH", "/homes/" + city.text(), R"({"bandwidth_limit":null})").status, 200);
  EXPECT_EQ(homes_.notes.back(), "bandwidth default " + city.text());
  EXPECT_EQ(ask("POST", "/homes/" + city.text() + "/connect").status, 200);
  EXPECT_EQ(ask("POST", "/homes/" + city.text() + "/disconnect").status, 200);
  EXPECT_EQ(ask("DELETE", "/homes/" + city.text()).status, 204);
  EXPECT_EQ(homes_.notes.back(), "forget " + city.text());
}

TEST_F(HomesCalls, ThatAreUnknownAreNotFoundByAnyCall) {
  std::string nobody = systemRandom().id<HomeId>().text();
  for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
           {"GET", ""}, {"DELETE", ""}, {"POST", "/sync"}, {"POST", "/connect"}, {"POST", "/disconnect"}}) {
    EXPECT_EQ(ask(method, "/homes/" + nobody + path).code(), "home_not_found");
    EXPECT_EQ(ask(method, "/homes/city" + path).code(), "home_not_found");
  }
  EXPECT_EQ(ask("PATCH", "/homes/" + nobody, "{}").code(), "home_not_found");
}

TEST_F(HomesCalls, ReplaceTheKey) {
  HomeId city = pair("City");
  homes_.key_report.waiting = {{city, "City"}};
  Got shown = get("/keys");
  EXPECT_EQ(shown.at("home"), me());
  EXPECT_EQ(shown.at("epoch"), "1");
  EXPECT_EQ(shown.at("by"), "root");
  EXPECT_EQ(shown.at("waiting.0.id"), city.text());
  EXPECT_EQ(shown.at("foreign"), "false");
  Got rotated = ask("POST", "/keys/rotate");
  EXPECT_EQ(rotated.status, 200);
  EXPECT_EQ(rotated.at("by"), "chain");
  EXPECT_EQ(homes_.notes.back(), "renew rotated");
  EXPECT_EQ(ask("POST", "/keys/rotate", R"({"compromised":true})").code(), "recovery_words_needed");
  EXPECT_EQ(ask("POST", "/keys/rotate", R"({"compromised":true,"words":"one two"})").code(), "recovery_words_mistyped");
  EXPECT_EQ(ask("POST", "/keys/rotate", R"({"compromised":1})").code(), "bad_document");
  EXPECT_EQ(homes_.notes.back(), "renew rotated");
  std::string words;
  for (const std::string& word : trust::recoveryWords(std::string(16, 'x'))) words += word + " ";
  EXPECT_EQ(ask("POST", "/keys/rotate", R"({"compromised":true,"words":")" + words + "\"}").at("by"), "root");
  EXPECT_EQ(homes_.notes.back(), "renew compromised with words");
  EXPECT_EQ(get("/audit?action=key.rotate").at("items.0.detail"), "compromised");
}

TEST_F(HomesCalls, ConfirmWhatARestoredFolderBringsBack) {
  HomeId city = pair("City");
  EXPECT_EQ(get("/restore").at("held"), "false");
  EXPECT_EQ(ask("POST", "/restore/confirm").code(), "restore_not_held");
  onEngine([](engine::Core& core) { core.restored(); });
  Got held = get("/restore");
  EXPECT_EQ(held.at("held"), "true");
  EXPECT_EQ(held.at("homes.0.id"), city.text());
  EXPECT_EQ(held.at("homes.0.grants"), "0");
  EXPECT_EQ(ask("POST", "/restore/confirm").status, 204);
  EXPECT_EQ(get("/restore").at("held"), "false");
}

TEST_F(HomesCalls, ShowWhatIsAnnouncedNearby) {
  HomeId city = pair("City");
  const std::string id8 = city.text().substr(0, 8);
  const std::string type = "_hearthgate._tcp";
  homes_.nearby = {
      {type, "c", "\x1b[2Jevil\xff", id8, "192.0.2.9", "eth0", 8765, true, false, true, 1000, 2000},
      {type, "b", "b", "no id", "fe80::1%eth0", "eth0", 1, false, false, false, 1000, 1500},
      {type, "a", "a", "aaaaaaaa", "192.0.2.1", "eth0", 1, false, true, true, 0, 0},  // its own
  };
  Got first = get("/discovered?limit=1");
  EXPECT_EQ(first.at("items.0.name"), "b");
  EXPECT_EQ(first.at("items.0.state"), "lost");
  EXPECT_EQ(first.json_at("items.0.known_home").isNull(), true);
  EXPECT_EQ(first.at("items.0.last_seen"), "1970-01-01T00:00:01.500Z");
  Got second = get("/discovered?limit=1&after=" + first.at("next"));
  EXPECT_EQ(second.at("items.0.name"), "\uFFFD[2Jevil\uFFFD");
  EXPECT_EQ(second.at("items.0.known_home"), city.text());
  EXPECT_EQ(second.at("items.0.pair"), "true");
  EXPECT_TRUE(second.json_at("next").isNull());
  EXPECT_EQ(get("/discovered").json_at("items").items.size(), 2u);
}

TEST_F(HomesCalls, TellWhetherTheyAreLevel) {
  HomeId city = pair("City");
  homes_.sync_answer = {false, "no link", 2, 1};
  Got answer = ask("POST", "/homes/" + city.text() + "/sync");
  EXPECT_EQ(answer.body, R"({"level":false,"reason":"no link","held":2,"refused":1})");
}

TEST_F(HomesCalls, WaitForNoMoreThanEightAtOnce) {
  std::string path = "/homes/" + pair("City").text() + "/sync";
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  bool free = false;
  homes_.while_syncing = [&] {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    changed.wait(lock, [&] { return free; });
  };
  std::vector<std::thread> threads;
  std::atomic<int> level{0};
  for (int i = 0; i < kMaxWaitingCalls; ++i) {
    threads.emplace_back([&] {
      auto client = Client::create(server_->url(), token_);
      HttpRequest request;
      request.method = "POST";
      request.path = "/api/v1" + path;
      auto answer = client->request(request);
      if (answer.ok() && answer->status == 200) ++level;
    });
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return waiting == kMaxWaitingCalls; });
  }
  Got ninth = ask("POST", path);
  EXPECT_EQ(ninth.status, 503);
  EXPECT_EQ(ninth.code(), "too_many_waiting");
  EXPECT_EQ(get("/status").status, 200);
  {
    std::lock_guard lock(mutex);
    free = true;
  }
  changed.notify_all();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(level, kMaxWaitingCalls);
}

using PairingCalls = ServedHome;

TEST_F(PairingCalls, OpenShowConfirmAndWithdraw) {
  EXPECT_EQ(get("/pairing").code(), "pairing_not_open");
  Got opened = ask("POST", "/pairing");
  EXPECT_EQ(opened.status, 200);
  EXPECT_EQ(opened.at("expires_at"), "2027-01-15T08:00:00.000Z");
  EXPECT_TRUE(opened.at("qr_svg").starts_with("<svg "));
  EXPECT_EQ(homes_.notes.back(), "open 300 ask");
  ask("POST", "/pairing", R"({"ttl_s":60,"confirm":"auto"})");
  EXPECT_EQ(homes_.notes.back(), "open 60 auto");
  EXPECT_EQ(ask("POST", "/pairing", R"({"ttl_s":0})").code(), "bad_document");
  EXPECT_EQ(ask("POST", "/pairing", R"({"ttl_s":3601})").code(), "bad_document");
  EXPECT_EQ(ask("POST", "/pairing", R"({"confirm":"yes"})").code(), "bad_document");
  EXPECT_EQ(ask("POST", "/pairing/confirm").status, 409);
  homes_.pairing_state = {"confirming",
                          1,
                          "1 failed try",
                          0,
                          pair("City"),
                          "Ci\x1bty",
                          7'200'000,
                          {{"clock_differs", "The clock of the other home is 2 hours ahead."}},
                          {"badol", "fanuj", "matul"},
                          {2, 300, {{"state", 2, 300}}},
                          {},
                          std::nullopt};
  Got shown = get("/pairing");
  EXPECT_EQ(shown.at("peer.name"), "Ci\xef\xbf\xbdty");
  EXPECT_EQ(shown.at("peer.clock_offset_ms"), "7200000");
  EXPECT_EQ(shown.at("notices.0.code"), "clock_differs");
  EXPECT_EQ(shown.at("words"), R"(["badol","fanuj","matul"])");
  EXPECT_EQ(shown.at("preview.to_send.kinds.0.entities"), "2");
  EXPECT_EQ(get("/pairing?role=joins").status, 200);
  EXPECT_EQ(homes_.asked_role, "joins");
  EXPECT_EQ(get("/pairing?role=both").code(), "bad_query");
  EXPECT_EQ(ask("POST", "/pairing/confirm").at("state"), "done");
  EXPECT_EQ(ask("DELETE", "/pairing").status, 204);
  EXPECT_EQ(get("/pairing").status, 409);
}

TEST_F(PairingCalls, JoinAnswersAsTheContractSays) {
  HomeId city = pair("City");
  homes_.pairing_state.state = "done";
  homes_.pairing_state.peer = city;
  Got joined = ask("POST", "/pairing/join", R"({"code":"HEARTH-1","address":"192.0.2.7:8765","confirm":"auto"})");
  EXPECT_EQ(joined.status, 200);
  EXPECT_EQ(joined.at("home.id"), city.text());
  EXPECT_EQ(homes_.notes.back(), "join HEARTH-1 192.0.2.7:8765 auto");
  homes_.pairing_state.state = "confirming";
  EXPECT_EQ(ask("POST", "/pairing/join", R"({"uri":"hearthgate://pair"})").status, 202);
  for (const auto& [code, status] : std::map<std::string, int>{{"pairing_code_mistyped", 422},
                                                               {"pairing_wrong_code", 403},
                                                               {"pairing_not_open", 409},
                                                               {"pairing_unreachable", 502},
                                                               {"pairing_not_a_home", 502},
                                                               {"pairing_version", 426},
                                                               {"pairing_refused", 403},
                                                               {"pairing_throttled", 429}}) {
    homes_.join_error = trustError(code, "Said by a test.");
    Got refused = ask("POST", "/pairing/join", R"({"code":"HEARTH-1"})");
    EXPECT_EQ(refused.status, status) << code;
    EXPECT_EQ(refused.code(), code);
  }
  EXPECT_EQ(ask("POST", "/pairing/join", R"({})").code(), "bad_document");
  EXPECT_EQ(ask("POST", "/pairing/join", R"({"code":"a","uri":"b"})").code(), "bad_document");
}

using OtherCalls = ServedHome;

TEST_F(OtherCalls, PluginsAreListedAndSwitched) {
  EXPECT_EQ(get("/plugins").at("items.0.listeners.0.address"), "127.0.0.1:8765");
  EXPECT_EQ(ask("POST", "/plugins/lan/disable").at("state"), "disabled");
  EXPECT_EQ(ask("POST", "/plugins/lan/enable").at("state"), "running");
  EXPECT_EQ(ask("POST", "/plugins/lan/reload").status, 200);
  EXPECT_EQ(ask("POST", "/plugins/none/enable").code(), "plugin_not_found");
  plugins_.items[0].state = "failed";
  plugins_.items[0].error = pluginError("broken", "It broke.");
  EXPECT_EQ(get("/plugins").at("items.0.error.detail"), "It broke.");
  EXPECT_NE(get("/status").body.find("plugin_failed"), std::string::npos);
}

TEST_F(OtherCalls, ConfigurationShowsOriginsAndHidesSecrets) {
  Got list = get("/config");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.at("items.0.origin"), "default");
  EXPECT_EQ(get("/config/schema").headers.at("content-type"), "application/schema+json");
  configuration_.settings.push_back({"plugins.configs", R"({"copilot":{"token":"abc"},"listen_port":1})", {}});
  std::string shown = get("/config").body;
  EXPECT_EQ(shown.find("abc"), std::string::npos);
  EXPECT_NE(shown.find("\"listen_port\":1"), std::string::npos);
}

TEST_F(OtherCalls, RecoveryWordsAreShownUntilTwoOfThemAreNamed) {
  Got words = get("/recovery-words");
  EXPECT_EQ(words.json_at("words").items.size(), 12u);
  EXPECT_NE(get("/status").body.find("recovery_words_unconfirmed"), std::string::npos);
  auto confirm = [&](const std::string& third, const std::string& ninth) {
    return ask("POST", "/recovery-words/confirm",
               "{\"words\":[{\"position\":3,\"word\":\"" + third + "\"},{\"position\":9,\"word\":\"" + ninth + "\"}]}");
  };
  EXPECT_EQ(confirm(words.at("words.2"), "wrong").code(), "recovery_words_wrong");
  EXPECT_EQ(get("/recovery-words").status, 200);
  EXPECT_EQ(confirm(words.at("words.2"), words.at("words.8")).status, 204);
  EXPECT_EQ(get("/recovery-words").code(), "recovery_words_gone");
  EXPECT_EQ(confirm("a", "b").status, 410);
}

TEST_F(OtherCalls, ARotatedTokenIsTheOnlyRightOne) {
  Got rotated = ask("POST", "/tokens/rotate");
  EXPECT_EQ(rotated.at("token").size(), 52u);
  EXPECT_EQ(get("/status").status, 401);
  auto client = Client::create(server_->url(), rotated.at("token"));
  HttpRequest request;
  request.path = "/api/v1/status";
  EXPECT_EQ(client->request(request)->status, 200);
}

TEST_F(OtherCalls, DiscoveredIsEmptyYet) { EXPECT_EQ(get("/discovered").body, R"({"items":[],"next":null})"); }

}  // namespace hearthgate::api
