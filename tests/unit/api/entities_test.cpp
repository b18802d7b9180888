#include "unit/api/served_home.h"

namespace hearthgate::api {

using Entities = ServedHome;

TEST_F(Entities, AreMadeChangedAndReadWithTheShapeOfTheContract) {
  Got made =
      ask("PUT", "/entities/light.kitchen", R"({"kind":"state","fields":{"state":"on","brightness":128,"x":1.0}})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.at("id"), "light.kitchen");
  EXPECT_EQ(made.at("owner"), me());
  EXPECT_EQ(made.at("address"), "light.kitchen@" + me());
  EXPECT_EQ(made.at("fields"), R"({"brightness":128,"state":"on","x":1.0})");
  EXPECT_EQ(made.at("types"), "{}");
  EXPECT_EQ(made.at("access"), "owner");
  EXPECT_EQ(made.at("strategy"), "latest-wins");
  EXPECT_EQ(made.at("version.author"), me());
  EXPECT_EQ(made.at("version.clock_trusted"), "true");
  EXPECT_EQ(made.json_at("version.vector").members.size(), 1u);
  EXPECT_EQ(made.at("shared_with"), "[]");
  EXPECT_EQ(made.headers.at("etag"), '"' + made.at("version.id") + '"');
  std::string hlc = made.at("version.hlc");
  EXPECT_EQ(hlc.substr(hlc.rfind('-') + 1), made.json_at("version.vector").members[0].first);

  Got changed = ask("PATCH", "/entities/light.kitchen", R"({"brightness":null,"state":"off"})",
                    {{"Content-Type", "application/merge-patch+json"}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.at("fields"), R"({"state":"off","x":1.0})");
  EXPECT_EQ(get("/entities/light.kitchen").body, changed.body);
  EXPECT_EQ(get("/entities/light.kitchen@" + me()).body, changed.body);
}

TEST_F(Entities, PatchMakesWhatIsNotThere) {
  Got made = ask("PATCH", "/entities/scene.evening?kind=scene", R"({"a":1})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.at("kind"), "scene");
}

TEST_F(Entities, KeepTheirKind) {
  put("a.b", "{}");
  Got answer = ask("PUT", "/entities/a.b", R"({"kind":"scene","fields":{}})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "kind_differs");
}

TEST_F(Entities, AnswerGoneAfterTheirDeletionAndCanBeMadeAgain) {
  put("a.b", R"({"x":1})");
  Got deleted = ask("DELETE", "/entities/a.b");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.at("deleted"), "true");
  EXPECT_EQ(get("/entities/a.b").status, 410);
  EXPECT_EQ(get("/entities/a.b").code(), "entity_deleted");
  EXPECT_EQ(ask("PATCH", "/entities/a.b", "{}").code(), "entity_deleted");
  EXPECT_EQ(ask("DELETE", "/entities/a.b").status, 410);
  EXPECT_EQ(get("/entities").at("items"), "[]");
  EXPECT_EQ(get("/entities?deleted=true").at("items.0.deleted"), "true");
  EXPECT_EQ(put("a.b", R"({"y":1})").status, 201);
}

TEST_F(Entities, HonourPreconditions) {
  std::string etag = put("a.b", R"({"x":1})").headers.at("etag");
  EXPECT_EQ(get("/entities/a.b", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(get("/entities/a.b", {{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{}})", {{"If-None-Match", "*"}}).status, 412);
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{"x":2}})", {{"If-Match", etag}}).status, 200);
  Got stale = ask("PUT", "/entities/a.b", R"({"fields":{"x":3}})", {{"If-Match", etag}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.code(), "precondition_failed");
  EXPECT_EQ(ask("DELETE", "/entities/a.b", "", {{"If-Match", etag}}).status, 412);
  EXPECT_EQ(ask("PATCH", "/entities/new.one", "{}", {{"If-Match", "*"}}).status, 412);
  EXPECT_EQ(ask("PUT", "/entities/new.one", R"({"fields":{}})", {{"If-None-Match", "*"}}).status, 201);
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{}})", {{"If-Match", "no quotes"}}).code(), "bad_request");
}

TEST_F(Entities, RefuseBadInputByItsName) {
  EXPECT_EQ(put("Light", "{}").code(), "bad_id");
  EXPECT_EQ(put("a.b@somewhere", "{}").code(), "bad_id");
  EXPECT_EQ(get("/entities/a.b%zz").code(), "bad_id");
  EXPECT_EQ(ask("PUT", "/entities/a.b", "{").code(), "bad_json");
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{"a":1,"a":2}})").code(), "bad_document");
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":3})").code(), "bad_document");
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({})").code(), "bad_document");
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{},"colour":1})").code(), "bad_document");
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{},"strategy":"best"})").code(), "unknown_strategy");
  EXPECT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{"a":18446744073709551616}})").status, 422);
  EXPECT_EQ(ask("PUT", "/entities/a.b", "\"\xff\"").status, 400);
  EXPECT_EQ(ask("PUT", "/entities/a.b", "{}", {{"Content-Type", "text/plain"}}).status, 415);
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "{\"a\":";
  EXPECT_EQ(put("a.b", deep + "1" + std::string(40, '}')).code(), "bad_document");
  Got large = put("a.b", "{\"a\":\"" + std::string(1'100'000, 'x') + "\"}");
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.code(), "too_large");
  EXPECT_EQ(ask("PUT", "/entities/a.b", std::string(9'000'000, ' ')).code(), "body_too_large");
  EXPECT_EQ(get("/entities").at("items"), "[]");
}

TEST_F(Entities, TakeADocumentOfExactlyTheLimit) {
  std::string fields = "{\"a\":\"" + std::string((1 << 20) - 8, 'x') + "\"}";
  ASSERT_EQ(fields.size(), size_t{1} << 20);
  EXPECT_EQ(put("a.b", fields).status, 201);
}

TEST_F(Entities, AreListedInPagesAndByFilters) {
  for (const char* id : {"light.a", "light.b", "light.c", "switch.a"}) put(id, "{}");
  ask("PUT", "/entities/scene.x", R"({"kind":"scene","fields":{}})");
  Got first = get("/entities?limit=2&prefix=light.");
  EXPECT_EQ(first.at("items.0.id"), "light.a");
  EXPECT_EQ(first.at("items.1.id"), "light.b");
  EXPECT_EQ(first.json_at("items").items.size(), 2u);
  Got second = get("/entities?limit=2&prefix=light.&after=" + first.at("next"));
  EXPECT_EQ(second.at("items.0.id"), "light.c");
  EXPECT_TRUE(second.json_at("next").isNull());
  EXPECT_EQ(second.json_at("items").items.size(), 1u);
  EXPECT_EQ(get("/entities?kind=scene").at("items.0.id"), "scene.x");
  EXPECT_EQ(get("/entities?owner=" + me()).json_at("items").items.size(), 5u);
  EXPECT_EQ(get("/entities?conflicted=true").at("items"), "[]");
  HomeId city = pair("City");
  onEngine(
      [&](engine::Core& core) { ASSERT_TRUE(core.grant(city, "switch.*", model::Access::kRead, std::nullopt).ok()); });
  Got shared = get("/entities?shared=true");
  EXPECT_EQ(shared.json_at("items").items.size(), 1u);
  EXPECT_EQ(shared.at("items.0.shared_with.0.access"), "read");
  // A page that is full exactly at the end of a filtered list has no next.
  EXPECT_EQ(get("/entities?shared=false&limit=4").json_at("items").items.size(), 4u);
}

TEST_F(Entities, RefuseQueriesThatSayNothing) {
  for (const char* query : {"?limit=0", "?limit=1001", "?limit=x", "?conflicted=1", "?after=!", "?after=mfra",
                            "?owner=me", "?shared=", "?colour=red", "?limit=1&limit=2", "?kind=%zz"}) {
    Got answer = get(std::string("/entities") + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.code(), "bad_query") << query;
  }
}

TEST_F(Entities, OfOtherOwnersShowWhatThisHomeMayDoAndSinceWhenTheyAreStale) {
  HomeId city = pair("City");
  model::Address lamp{model::OwnerId(city), "light.lamp"};
  receive(city, "light.*", model::Access::kRead);
  receiveVersion(lamp, city, R"({"state":"on"})", 1'000);
  Got seen = get("/entities/" + lamp.text());
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(seen.at("access"), "read");
  EXPECT_FALSE(seen.json_at("stale_since").isNull());
  EXPECT_EQ(seen.at("shared_with"), "[]");
  Got refused = ask("PUT", "/entities/" + lamp.text(), R"({"fields":{}})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "read_only");
  homes_.home_state.fresh = true;
  EXPECT_TRUE(get("/entities/" + lamp.text()).json_at("stale_since").isNull());
  receive(city, "light.*", model::Access::kWrite);
  EXPECT_EQ(ask("PATCH", "/entities/" + lamp.text(), R"({"state":"off"})").status, 200);
}

TEST_F(Entities, ThatAreUnknownAndThatAreNotSharedLookAlike) {
  HomeId city = pair("City");
  std::string unknown = get("/entities/light.lamp@" + city.text()).body;
  EXPECT_EQ(get("/entities/light.lamp").code(), "entity_not_found");
  // A version that is here although nothing allows to see it, as between two rules.
  receiveVersion({model::OwnerId(city), "light.lamp"}, city, "{}", 1'000);
  EXPECT_EQ(get("/entities/light.lamp@" + city.text()).body, unknown);
  EXPECT_EQ(get("/entities").at("items"), "[]");
  EXPECT_EQ(ask("PATCH", "/entities/light.lamp@" + city.text(), "{}").code(), "entity_not_found");
}

TEST_F(Entities, ThatAreNoLongerSharedAreStubs) {
  HomeId city = pair("City");
  model::Address lamp{model::OwnerId(city), "light.lamp"};
  receive(city, "*", model::Access::kRead);
  receiveVersion(lamp, city, R"({"secret":1})", 1'000);
  receive(city, "*", model::Access::kNone);
  Got gone = get("/entities/" + lamp.text());
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.code(), "no_longer_shared");
  EXPECT_EQ(get("/entities").at("items"), "[]");
  Got stub = get("/entities?stubs=true");
  EXPECT_EQ(stub.at("items.0.access"), "none");
  EXPECT_TRUE(stub.json_at("items.0.version").isNull());
  EXPECT_EQ(stub.body.find("secret"), std::string::npos);
  EXPECT_EQ(get("/entities/" + lamp.text() + "/history").status, 410);
}

TEST_F(Entities, SurviveARestart) {
  put("a.b", R"({"x":1})");
  std::string before = get("/entities/a.b").body;
  restart();
  EXPECT_EQ(get("/entities/a.b").body, before);
}

TEST_F(Entities, GoBackInTheirHistory) {
  std::string first = put("a.b", R"({"x":1})").at("version.id");
  put("a.b", R"({"x":2})");
  put("a.b", R"({"x":3})");
  Got page = get("/entities/a.b/history?limit=2");
  EXPECT_EQ(page.at("items.0.fields"), R"({"x":3})");
  EXPECT_EQ(page.at("items.0.current"), "true");
  EXPECT_EQ(page.at("items.1.current"), "false");
  put("a.b", R"({"x":4})");  // newer ones do not move the page
  Got rest = get("/entities/a.b/history?limit=2&after=" + page.at("next"));
  EXPECT_EQ(rest.at("items.0.version"), first);
  EXPECT_TRUE(rest.json_at("next").isNull());
  Got restored = ask("POST", "/entities/a.b/restore", "{\"version\":\"" + first + "\"}");
  EXPECT_EQ(restored.status, 200);
  EXPECT_EQ(restored.at("fields"), R"({"x":1})");
  EXPECT_EQ(get("/entities/a.b/history").at("items.0.reason"), "restore");
  EXPECT_EQ(ask("POST", "/entities/a.b/restore", R"({"version":"zz"})").code(), "version_not_found");
  ask("DELETE", "/entities/a.b");
  EXPECT_EQ(get("/entities/a.b/history?limit=1").at("items.0.reason"), "delete");
  EXPECT_EQ(ask("POST", "/entities/a.b/restore", "{\"version\":\"" + first + "\"}").at("deleted"), "false");
}

}  // namespace hearthgate::api
