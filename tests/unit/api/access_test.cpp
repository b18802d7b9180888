// Grants, strategies and rules.
#include "store/rules_codec.h"
#include "unit/api/served_home.h"

namespace hearthgate::api {

using Grants = ServedHome;

TEST_F(Grants, AreSetListedAndTakenAway) {
  std::string city = pair("City").text();
  put("light.kitchen", "{}");
  Got exact =
      ask("PUT", "/entities/light.kitchen/grants/" + city, R"({"access":"write","until":"2099-01-01T00:00:00Z"})");
  EXPECT_EQ(exact.status, 200) << exact.body;
  EXPECT_EQ(exact.at("until"), "2099-01-01T00:00:00.000Z");
  Got glob = ask("PUT", "/entities/light.*/grants/" + city, R"({"access":"read"})");
  EXPECT_EQ(glob.at("entity"), "light.*");
  EXPECT_TRUE(glob.json_at("until").isNull());
  Got shown = get("/entities/light.kitchen");
  EXPECT_EQ(shown.at("shared_with.0.home"), city);
  EXPECT_EQ(shown.at("shared_with.0.access"), "write");
  EXPECT_EQ(shown.at("shared_with.0.until"), "2099-01-01T00:00:00.000Z");
  Got first = get("/grants?limit=1");
  EXPECT_EQ(first.at("items.0.entity"), "light.*");
  EXPECT_EQ(get("/grants?after=" + first.at("next")).at("items.0.entity"), "light.kitchen");
  EXPECT_EQ(ask("DELETE", "/entities/light.kitchen/grants/" + city).status, 204);
  EXPECT_EQ(get("/entities/light.kitchen").at("shared_with.0.access"), "read");
  EXPECT_EQ(ask("DELETE", "/entities/light.kitchen/grants/" + city).code(), "grant_not_found");
  EXPECT_EQ(ask("PUT", "/entities/light.kitchen/grants/" + city, R"({"access":"none"})").status, 200);
  EXPECT_EQ(get("/entities/light.kitchen").at("shared_with"), "[]");
}

TEST_F(Grants, ForEntitiesToComeHoldWhenTheyCome) {
  std::string city = pair("City").text();
  ask("PUT", "/entities/sensor.%3F/grants/" + city, R"({"access":"read"})");
  EXPECT_EQ(put("sensor.a", "{}").at("shared_with.0.home"), city);
  EXPECT_EQ(put("sensor.ab", "{}").at("shared_with"), "[]");
}

TEST_F(Grants, RefuseUnknownHomesTimesThatPassedAndThingsOfOthers) {
  std::string city = pair("City").text();
  std::string nobody = systemRandom().id<HomeId>().text();
  EXPECT_EQ(ask("PUT", "/entities/a.b/grants/" + nobody, R"({"access":"read"})").code(), "home_not_found");
  EXPECT_EQ(ask("PUT", "/entities/a.b/grants/city", R"({"access":"read"})").status, 404);
  EXPECT_EQ(ask("PUT", "/entities/a.b/grants/" + city, R"({"access":"read","until":"2020-01-01T00:00:00Z"})").code(),
            "until_past");
  EXPECT_EQ(ask("PUT", "/entities/a.b/grants/" + city, R"({"access":"read","until":"tomorrow"})").code(),
            "bad_document");
  EXPECT_EQ(ask("PUT", "/entities/a.b/grants/" + city, R"({"access":"all"})").code(), "bad_document");
  EXPECT_EQ(ask("PUT", "/entities/a.b/grants/" + city, R"({})").code(), "bad_document");
  EXPECT_EQ(ask("PUT", "/entities/A*/grants/" + city, R"({"access":"read"})").code(), "bad_id");
  EXPECT_EQ(ask("PUT", "/entities/a.b@" + city + "/grants/" + city, R"({"access":"read"})").code(), "not_owner");
  EXPECT_EQ(get("/grants").at("items"), "[]");
}

using Strategies = ServedHome;

TEST_F(Strategies, BuiltInOnesAreListedAndStay) {
  Got list = get("/strategies");
  EXPECT_EQ(list.json_at("items").items.size(), 5u);
  EXPECT_EQ(list.at("items.2.name"), "merge");
  EXPECT_EQ(list.at("items.2.builtin"), "true");
  EXPECT_EQ(get("/strategies/user-choice").status, 200);
  EXPECT_EQ(get("/strategies/mine").code(), "strategy_not_found");
  EXPECT_EQ(ask("PUT", "/strategies/mine", "return 1", {{"Content-Type", "text/x-lua"}}).code(), "unknown_strategy");
  EXPECT_EQ(ask("PUT", "/strategies/merge", "return 1", {{"Content-Type", "text/x-lua"}}).status, 409);
  EXPECT_EQ(ask("DELETE", "/strategies/merge").status, 409);
  EXPECT_EQ(ask("DELETE", "/strategies/mine").status, 404);
}

TEST_F(Strategies, OfAnEntityAreSetTakenBackAndOverruledHere) {
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{},"strategy":"merge"})").at("strategy"), "merge");
  EXPECT_EQ(ask("PUT", "/entities/a.b/strategy", R"({"strategy":"user-choice"})").at("strategy"), "user-choice");
  EXPECT_EQ(ask("PUT", "/entities/a.b/strategy", R"({"strategy":"local-wins","here_only":true})").at("strategy"),
            "local-wins");
  EXPECT_EQ(ask("PUT", "/entities/a.b/strategy", R"({"strategy":null,"here_only":true})").at("strategy"),
            "user-choice");
  EXPECT_EQ(ask("PUT", "/entities/a.b/strategy", R"({"strategy":null})").at("strategy"), "latest-wins");
  EXPECT_EQ(ask("PUT", "/entities/a.b/strategy", R"({"strategy":"best"})").code(), "unknown_strategy");
  EXPECT_EQ(ask("PUT", "/entities/a.b/strategy", R"({"here_only":true})").code(), "bad_document");
  EXPECT_EQ(ask("PUT", "/entities/a.c/strategy", R"({"strategy":"merge"})").code(), "entity_not_found");
}

TEST_F(Strategies, OfOthersAreTheOwnersButForThisView) {
  HomeId city = pair("City");
  receive(city, "*", model::Access::kWrite);
  model::Address lamp{model::OwnerId(city), "light.lamp"};
  receiveVersion(lamp, city, "{}", 1'000);
  EXPECT_EQ(ask("PUT", "/entities/" + lamp.text() + "/strategy", R"({"strategy":"merge"})").code(), "not_owner");
  EXPECT_EQ(ask("PUT", "/entities/" + lamp.text(), R"({"fields":{},"strategy":"merge"})").code(), "not_owner");
  EXPECT_EQ(
      ask("PUT", "/entities/" + lamp.text() + "/strategy", R"({"strategy":"merge","here_only":true})").at("strategy"),
      "merge");
}

TEST_F(Strategies, RulesDecideByGlobKindAndOwner) {
  put("a.b", "{}");
  EXPECT_EQ(ask("PUT", "/strategy-rules", "{\"owner\":\"" + me() + "\",\"strategy\":\"remote-wins\"}").status, 200);
  EXPECT_EQ(get("/entities/a.b").at("strategy"), "remote-wins");
  EXPECT_EQ(ask("PUT", "/strategy-rules", R"({"kind":"state","strategy":"local-wins"})").at("kind"), "state");
  EXPECT_EQ(get("/entities/a.b").at("strategy"), "local-wins");
  EXPECT_EQ(ask("PUT", "/strategy-rules", R"({"glob":"a.*","strategy":"merge"})").status, 200);
  EXPECT_EQ(get("/entities/a.b").at("strategy"), "merge");
  EXPECT_EQ(get("/strategy-rules").json_at("items").items.size(), 3u);
  EXPECT_EQ(ask("DELETE", "/strategy-rules", R"({"glob":"a.*"})").status, 204);
  EXPECT_EQ(get("/entities/a.b").at("strategy"), "local-wins");
  EXPECT_EQ(ask("DELETE", "/strategy-rules", R"({"glob":"a.*"})").code(), "rule_not_found");
  EXPECT_EQ(ask("PUT", "/strategy-rules", R"({"glob":"a.*","kind":"state","strategy":"merge"})").code(),
            "bad_document");
  EXPECT_EQ(ask("PUT", "/strategy-rules", R"({"glob":"a.*","strategy":"best"})").code(), "unknown_strategy");
  std::string other = systemRandom().id<HomeId>().text();
  EXPECT_EQ(ask("PUT", "/strategy-rules", "{\"owner\":\"" + other + "\",\"strategy\":\"merge\"}").code(), "not_owner");
}

TEST_F(Strategies, AreSetTogetherWithAWriteOrNeitherIs) {
  onEngine([&](engine::Core& core) {
    size_t i = 0;
    while (core.setStrategy({model::StrategyRow::Scope::kEntity, "light.n" + std::to_string(i), "merge"}).ok()) ++i;
    EXPECT_GT(i, store::kMaxStrategyRows - 10);
  });
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{},"strategy":"merge"})").code(), "rules_full");
  EXPECT_EQ(get("/entities/a.b").status, 404);
}

}  // namespace hearthgate::api
