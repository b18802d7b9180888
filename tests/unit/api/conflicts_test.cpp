#include "unit/api/served_home.h"

namespace hearthgate::api {

// Two versions of an own entity meet: one written here, one by a home that had not seen it.
class Conflicts : public ServedHome {
 protected:
  void SetUp() override {
    ServedHome::SetUp();
    city_ = pair("City");
    ASSERT_EQ(ask("PUT", "/entities/a.b", R"({"fields":{"x":1,"mine":true},"strategy":"user-choice"})").status, 201);
    receiveVersion({model::OwnerId(identity_->home()), "a.b"}, city_, R"({"x":2})", 1'000);
  }
  HomeId city_;
};

TEST_F(Conflicts, WaitForAPersonAndShowBothVersions) {
  Got entity = get("/entities/a.b");
  EXPECT_EQ(entity.at("conflicted"), "true");
  EXPECT_EQ(entity.json_at("siblings").items.size(), 1u);
  EXPECT_EQ(entity.at("siblings.0.author"), city_.text());
  EXPECT_NE(entity.headers.at("etag"), '"' + entity.at("version.id") + '"');
  Got list = get("/conflicts?state=open");
  EXPECT_EQ(list.at("items.0.entity"), "a.b@" + me());
  EXPECT_EQ(list.at("items.0.state"), "open");
  EXPECT_EQ(list.json_at("items.0.versions").items.size(), 2u);
  EXPECT_TRUE(list.json_at("items.0.outcome").isNull());
  EXPECT_EQ(get("/conflicts/" + list.at("items.0.id")).at("key"), list.at("items.0.key"));
  EXPECT_EQ(get("/entities?conflicted=true").at("items.0.id"), "a.b");
  EXPECT_EQ(get("/status").at("conflicts_open"), "1");
  EXPECT_EQ(get("/conflicts?entity=a.b").json_at("items").items.size(), 1u);
  EXPECT_EQ(get("/conflicts?entity=a.c").at("items"), "[]");
  EXPECT_EQ(get("/conflicts?state=resolved").at("items"), "[]");
  EXPECT_EQ(get("/conflicts?state=some").code(), "bad_query");
}

TEST_F(Conflicts, AreSettledByTakingOne) {
  std::string number = get("/conflicts").at("items.0.id");
  std::string theirs = get("/entities/a.b").at("siblings.0.id");
  Got resolved = ask("POST", "/conflicts/" + number + "/resolve", "{\"take\":\"" + theirs + "\"}");
  EXPECT_EQ(resolved.status, 200) << resolved.body;
  EXPECT_EQ(resolved.at("state"), "resolved");
  EXPECT_EQ(resolved.at("outcome.fields"), R"({"x":2})");
  Got entity = get("/entities/a.b");
  EXPECT_EQ(entity.at("fields"), R"({"x":2})");
  EXPECT_EQ(entity.at("conflicted"), "false");
  EXPECT_EQ(entity.at("siblings"), "[]");
}

TEST_F(Conflicts, AreSettledByFieldsOfOnesOwn) {
  std::string number = get("/conflicts").at("items.0.id");
  EXPECT_EQ(ask("POST", "/conflicts/" + number + "/resolve", R"({"fields":{"x":3}})").status, 200);
  EXPECT_EQ(get("/entities/a.b").at("fields"), R"({"x":3})");
  EXPECT_EQ(get("/entities/a.b/history").at("items.0.reason"), "resolution");
}

TEST_F(Conflicts, RefuseWhatIsNoChoice) {
  std::string path = "/conflicts/" + get("/conflicts").at("items.0.id") + "/resolve";
  EXPECT_EQ(ask("POST", path, "{}").code(), "bad_document");
  EXPECT_EQ(ask("POST", path, R"({"take":"a","fields":{}})").code(), "bad_document");
  EXPECT_EQ(ask("POST", path, R"({"take":"unknown"})").code(), "version_not_found");
  EXPECT_EQ(ask("POST", path, R"({"fields":[]})").code(), "bad_document");
  EXPECT_EQ(get("/conflicts/999").code(), "conflict_not_found");
  EXPECT_EQ(get("/conflicts/x").code(), "conflict_not_found");
  EXPECT_EQ(ask("POST", "/conflicts/999/resolve", R"({"fields":{}})").code(), "conflict_not_found");
}

TEST_F(Conflicts, ThatMergeShowNoSingleVersion) {
  ask("PUT", "/entities/a.b/strategy", R"({"strategy":"merge"})");
  Got entity = get("/entities/a.b");
  EXPECT_TRUE(entity.json_at("version.author").isNull());
  EXPECT_EQ(entity.json_at("siblings").items.size(), 2u);
  EXPECT_EQ(entity.at("conflicted"), "false");
  EXPECT_EQ(entity.json_at("version.vector").members.size(), 2u);
}

TEST_F(Conflicts, ComeInPagesNewestFirst) {
  put("a.c", R"({"y":1})");
  receiveVersion({model::OwnerId(identity_->home()), "a.c"}, city_, R"({"y":2})", 1'000);
  Got first = get("/conflicts?limit=1");
  EXPECT_EQ(first.at("items.0.entity"), "a.c@" + me());
  Got second = get("/conflicts?limit=1&after=" + first.at("next"));
  EXPECT_EQ(second.at("items.0.entity"), "a.b@" + me());
  EXPECT_TRUE(second.json_at("next").isNull());
}

}  // namespace hearthgate::api
