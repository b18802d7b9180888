// What `status` asks a person to look at: each kind names what it is about and what to do.
#include <set>

#include "model/limits.h"
#include "unit/api/served_home.h"

namespace hearthgate::api {

class AttentionOf : public ServedHome {
 protected:
  // The detail of an attention by its code; empty when there is none.
  std::string detail(const std::string& code) {
    Got status = get("/status");
    for (size_t i = 0;; ++i) {
      std::string at = "attention." + std::to_string(i);
      std::string found = status.at(at + ".code");
      if (found.empty()) return "";
      if (found == code) return status.at(at + ".detail");
    }
  }
  bool says(const std::string& code, const std::string& words) {
    std::string text = detail(code);
    if (text.find(words) != std::string::npos) return true;
    ADD_FAILURE() << code << ": '" << words << "' is not in: " << text;
    return false;
  }
  void writtenBy(const std::string& id, size_t replicas) {
    model::Version version;
    version.author = identity_->home();
    for (size_t i = 0; i < replicas; ++i) version.vector.raise(systemRandom().id<ReplicaId>(), 1);
    version.dot = {systemRandom().id<ReplicaId>(), 1};
    version.vector.raise(version.dot.replica, 1);
    version.stamp = {true, 1, 0};
    model::Address address{model::OwnerId(identity_->home()), id};
    version.hash = model::contentHash(address, version);
    onEngine([&](engine::Core& core) {
      core.beginChange(identity_->home(), "", "sync");
      core.join(address, "state", {version});
      core.endChange();
    });
  }
};

TEST_F(AttentionOf, NamesEntitiesWithLongVectors) {
  writtenBy("light.short", model::kVectorAttention - 2);
  EXPECT_EQ(detail("vector_long"), "");
  for (const char* id : {"light.a", "light.b", "light.c", "light.d"}) writtenBy(id, model::kVectorAttention - 1);
  EXPECT_TRUE(says("vector_long", "light.a, light.b, light.c and 1 more were written"));
  EXPECT_TRUE(says("vector_long", "make it anew"));
  restart();
  EXPECT_TRUE(says("vector_long", "and 1 more"));
}

TEST_F(AttentionOf, NamesAKeyOfThisHomeThatItDidNotMake) {
  EXPECT_EQ(detail("identity_fork"), "");
  trust::KeyChain chain = identity_->chain();
  chain.push_back(trust::makeChainStatement(chain.back(), identity_->operatingKey(), trust::PrivateKey::generate(systemRandom()), "stolen"));
  onEngine([&](engine::Core& core) { core.store().setMeta(sync::kForeignStatements, trust::encodeChain(chain)); });
  EXPECT_TRUE(says("identity_fork", "key rotate --compromised"));
}

TEST_F(AttentionOf, SaysWhatToDoAboutARefusedLink) {
  pair("City");
  EXPECT_EQ(detail("home_refused"), "");
  homes_.home_state.state = "refused";
  std::set<std::string> told;
  for (const char* reason :
       {"not_paired", "key_not_pinned", "superseded", "identity", "protocol_version", "held_quota", "identity_fork", "something_new"}) {
    homes_.home_state.refused_reason = reason;
    std::string text = detail("home_refused");
    EXPECT_NE(text.find("City"), std::string::npos) << text;
    told.insert(text);
  }
  EXPECT_EQ(told.size(), 8u);
  homes_.home_state.refused_reason = "not_paired";
  EXPECT_TRUE(says("home_refused", "Pair again, or `hearthgate home forget`"));
}

TEST_F(AttentionOf, SaysWhyNoLinksAreThere) {
  EXPECT_EQ(detail("no_links"), "");
  plugins_.items[0].state = "disabled";
  EXPECT_TRUE(says("no_links", "`plugin enable lan`"));
  plugins_.items[0].state = "refused";
  plugins_.items[0].error = pluginError("plugin_unsafe_file", "cannot use the plugin lan.so: others may write to it");
  EXPECT_TRUE(says("no_links", "refused"));
  EXPECT_TRUE(says("plugin_refused", "others may write to it"));
  plugins_.items.clear();
  EXPECT_TRUE(says("no_links", "plugins_path"));
}

TEST_F(AttentionOf, SaysNothingOfLinksWhereSyncIsOff) {
  configuration_.config.sharing.sync.enabled = false;
  restart();
  plugins_.items.clear();
  EXPECT_EQ(detail("no_links"), "");
}

TEST_F(AttentionOf, SaysWhyVersionsAreHeld) {
  HomeId city = pair("City");
  std::set<std::string> told;
  for (const char* reason : {"drift", "quota", "many siblings", "unseen history", "unknown format", "counter jump"}) {
    onEngine([&](engine::Core& core) {
      for (const store::HeldRow& row : core.store().held(city, 10)) core.store().removeHeld(row.n);
      store::HeldRow row;
      row.home = city;
      row.address = {model::OwnerId(identity_->home()), "light.a"};
      row.reason = reason;
      core.store().addHeld(row);
    });
    EXPECT_TRUE(says("held", "1 version from City is kept and not shown yet"));
    told.insert(detail("held"));
  }
  EXPECT_EQ(told.size(), 6u);
}

}  // namespace hearthgate::api
