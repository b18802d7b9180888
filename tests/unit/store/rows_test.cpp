// What this home is as a writer, what it knows of other homes, rules, what is held, events: rows that are read as they
// were written, and the rules of those that may only rise.
#include "store/rules_codec.h"
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::OwnerId;

constexpr uint64_t kHighest = model::kMaxCounter;
const OwnerId kOwner(model::home(1));
const OwnerId kOther(model::home(2));

class StoreRows : public StoreFile {
 protected:
  StoreRows() {
    commit(*store, [&] {
      addOwner(*store, kOwner);
      addOwner(*store, kOther);
    });
  }
  void again() {
    store.reset();
    store = open();
  }

  std::unique_ptr<Store> store = open();
};

TEST_F(StoreRows, BeginWithAHeadOfZerosAndKeepIt) {
  EXPECT_EQ(store->head().sequence, 0u);
  EXPECT_EQ(store->head().stamp_ms, 0);
  commit(*store, [&] { store->putHead({kHighest, 1ull << 60, model::kMaxStampMs, UINT32_MAX}); });
  again();
  Head head = store->head();
  EXPECT_EQ(head.sequence, kHighest);
  EXPECT_EQ(head.change, 1ull << 60);
  EXPECT_EQ(head.stamp_ms, model::kMaxStampMs);
  EXPECT_EQ(head.stamp_count, UINT32_MAX);
}

TEST_F(StoreRows, KeepWhatThisHomeIsForEachOwner) {
  OwnerRow row = *store->owner(kOwner);
  EXPECT_NE(row.n, 0u);
  EXPECT_FALSE(row.replica);
  row.replica = model::replica(5);
  row.epoch = model::numbered<FeedEpoch>(0xFF, 1);
  row.counter = kHighest;
  row.told = kHighest - 1;
  row.replacing = true;
  commit(*store, [&] { store->putOwner(&row); });
  again();
  OwnerRow found = *store->owner(kOwner);
  EXPECT_EQ(found.n, row.n);
  EXPECT_EQ(found.replica, model::replica(5));
  EXPECT_EQ(found.epoch, row.epoch);
  EXPECT_EQ(found.counter, kHighest);
  EXPECT_EQ(found.told, kHighest - 1);
  EXPECT_TRUE(found.replacing);
  EXPECT_FALSE(found.hold);
  // After a retirement there is no current replica id.
  row.replica.reset();
  row.replacing = false;
  row.hold = true;
  commit(*store, [&] { store->putOwner(&row); });
  found = *store->owner(kOwner);
  EXPECT_FALSE(found.replica);
  EXPECT_TRUE(found.hold);
  EXPECT_FALSE(store->owner(kOther)->hold);
  ASSERT_EQ(store->owners().size(), 2u);
  EXPECT_EQ(store->owners()[0].id, kOwner);
  EXPECT_FALSE(store->owner(OwnerId(model::home(3))));
}

TEST_F(StoreRows, RaiseWhatWasIssuedAndToldUnderAFormerReplicaId) {
  commit(*store, [&] {
    store->putOwnReplica(kOwner, {model::replica(1), 10, 5, {}});
    store->putOwnReplica(kOwner, {model::replica(1), 7, 8, {}});
    store->putOwnReplica(kOwner, {model::replica(2), kHighest, 0, {}});
  });
  again();
  auto all = store->ownReplicas(kOwner);
  ASSERT_EQ(all.size(), 2u);
  const OwnReplica& first = all[all[0].replica == model::replica(1) ? 0 : 1];
  EXPECT_EQ(first.issued, 10u);
  EXPECT_EQ(first.told, 8u);
  EXPECT_FALSE(first.shared);
  commit(*store, [&] { store->putOwnReplica(kOwner, {model::replica(1), 0, 0, 6}); });
  for (const OwnReplica& own : store->ownReplicas(kOwner)) {
    EXPECT_EQ(own.shared, own.replica == model::replica(1) ? std::optional<uint64_t>(6) : std::nullopt);
  }
  EXPECT_TRUE(store->ownReplicas(kOther).empty());
}

TEST_F(StoreRows, KeepTheNewestStarts) {
  commit(*store, [&] {
    for (uint64_t n = 1; n <= 10; ++n) {
      store->addStart(kOwner, {n * 100, n * 100 + 50, n % 2 ? std::optional(model::replica(1)) : std::nullopt, n}, 4);
    }
    store->addStart(kOther, {1, 2, std::nullopt, 0}, 4);
    // A start that ended before anything was written is met again at the same place.
    store->addStart(kOwner, {1000, 2000, std::nullopt, 77}, 4);
  });
  again();
  auto starts = store->starts(kOwner);
  ASSERT_EQ(starts.size(), 4u);
  EXPECT_EQ(starts[0].low, 700u);
  EXPECT_EQ(starts[0].replica, model::replica(1));
  EXPECT_EQ(starts[3].low, 1000u);
  EXPECT_EQ(starts[3].high, 2000u);
  EXPECT_EQ(starts[3].counter, 10u);
  EXPECT_FALSE(starts[3].replica);
  EXPECT_EQ(store->starts(kOther).size(), 1u);
}

TEST_F(StoreRows, LetNobodyTakeOverAReplicaId) {
  commit(*store, [&] {
    store->putToldReplica(kOwner, model::replica(1), model::home(5));
    store->putToldReplica(kOwner, model::replica(1), model::home(6));
    store->putToldReplica(kOther, model::replica(1), model::home(6));
  });
  again();
  EXPECT_EQ(store->toldBy(kOwner, model::replica(1)), model::home(5));
  EXPECT_EQ(store->toldBy(kOther, model::replica(1)), model::home(6));
  EXPECT_FALSE(store->toldBy(kOwner, model::replica(2)));
}

TEST_F(StoreRows, OnlyRaiseTheCountersThatWereSeen) {
  commit(*store, [&] {
    store->putSeen(kOwner, model::replica(1), 9);
    store->putSeen(kOwner, model::replica(1), 3);
    store->putSeen(kOwner, model::replica(2), kHighest);
    store->putToldReplica(kOwner, model::replica(2), model::home(5));
  });
  again();
  EXPECT_EQ(store->seen(kOwner, model::replica(1)), 9u);
  EXPECT_EQ(store->seen(kOwner, model::replica(2)), kHighest);
  EXPECT_EQ(store->seen(kOther, model::replica(1)), 0u);
  EXPECT_EQ(store->seen(kOwner, model::replica(3)), 0u);
  // Of one home: those that it told as its own.
  auto of = store->seen(kOwner, model::home(5));
  ASSERT_EQ(of.size(), 1u);
  EXPECT_EQ(of[0], std::pair(model::replica(2), kHighest));
  EXPECT_TRUE(store->seen(kOwner, model::home(6)).empty());
}

TEST_F(StoreRows, KeepRulesOfEveryOwnerForEveryHome) {
  model::Rules rules;
  rules.number = kHighest;
  rules.lists = {{{"light.*", model::Access::kWrite, model::kMaxStampMs}, {"light.safe", model::Access::kNone, {}}},
                 {}};
  rules.strategies = {{model::StrategyRow::Scope::kGlob, "light.?", "merge"},
                      {model::StrategyRow::Scope::kDefault, "", "latest-wins"}};
  model::Rules empty;
  empty.number = 1;
  commit(*store, [&] {
    store->putRules(kOwner, model::home(7), empty);
    store->putRules(kOwner, model::home(7), rules);
    store->putRules(kOwner, model::home(8), empty);
  });
  again();
  EXPECT_EQ(store->rules(kOwner, model::home(7)), rules);
  EXPECT_EQ(store->rules(kOwner, model::home(8)), empty);
  EXPECT_FALSE(store->rules(kOther, model::home(7)));
  EXPECT_FALSE(store->rules(kOwner, model::home(9)));
  EXPECT_EQ(store->rulesOf(kOwner).size(), 2u);
  EXPECT_TRUE(store->rulesOf(kOther).empty());
}

// The limits on what another home may send are not limits on what is read at the start: such a home would never start.
TEST_F(StoreRows, ReadRulesThatAreMoreThanAnybodyMaySend) {
  model::Rules rules;
  rules.number = 2;
  rules.lists.resize(kMaxRuleLists + 1);
  for (size_t i = 0; i <= kMaxRuleRows; ++i) {
    rules.lists[0].push_back({"light.n" + std::to_string(i), model::Access::kRead, {}});
  }
  commit(*store, [&] { store->putRules(kOwner, model::home(7), rules); });
  again();
  EXPECT_EQ(store->rules(kOwner, model::home(7)), rules);
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StoreRows, KeepStrategiesInTheirOrderAndThoseForTheOwnViewApart) {
  using Scope = model::StrategyRow::Scope;
  model::Address address{kOther, "light.a"};
  commit(*store, [&] {
    store->putStrategyRow({Scope::kOwner, "", "merge"});
    store->putStrategyRow({Scope::kKind, "scene", "user-choice"});
    store->putStrategyRow({Scope::kGlob, "light.*", "local-wins"});
    store->putStrategyRow({Scope::kEntity, "light.b", "merge"});
    store->putStrategyRow({Scope::kEntity, "light.a", "merge"});
    store->putStrategyRow({Scope::kEntity, "light.a", "remote-wins"});
    store->putStrategyHere(address, "merge");
    store->putStrategyHere(address, "user-choice");
  });
  again();
  model::StrategyRows expected = {{Scope::kEntity, "light.a", "remote-wins"},
                                  {Scope::kEntity, "light.b", "merge"},
                                  {Scope::kGlob, "light.*", "local-wins"},
                                  {Scope::kKind, "scene", "user-choice"},
                                  {Scope::kOwner, "", "merge"}};
  EXPECT_EQ(store->strategyRows(), expected);
  EXPECT_EQ(store->strategyHere(address), "user-choice");
  EXPECT_FALSE(store->strategyHere({kOwner, "light.a"}));
  commit(*store, [&] {
    EXPECT_TRUE(store->removeStrategyRow(Scope::kGlob, "light.*"));
    EXPECT_FALSE(store->removeStrategyRow(Scope::kGlob, "light.*"));
    EXPECT_FALSE(store->removeStrategyRow(Scope::kKind, "light.a"));
    store->putStrategyHere(address, "");
  });
  EXPECT_FALSE(store->strategyHere(address));
  EXPECT_EQ(store->strategyRows().size(), 4u);
}

TEST_F(StoreRows, KeepEverythingOfAPairedHome) {
  Peer peer;
  peer.home = model::home(5);
  peer.name = "Haus \"\xC3\xA4\" \\ \xF0\x9F\x8F\xA0";
  peer.state = PeerState::kUnacknowledged;
  peer.operating_spki = std::string("\0\xFF key", 6);
  peer.statements = std::string("\0\0", 2);
  peer.pairing = std::string(32, '\xEE');
  peer.incarnation = INT64_MAX;
  peer.addresses = {{"[2001:db8::1]:8765", "hand", std::nullopt},
                    {"beach.local:8765", "told", 0},
                    {"10.0.0.1:1", "found", INT64_MAX}};
  peer.since_ms = model::kMaxStampMs;
  commit(*store, [&] { store->putPeer(peer); });
  again();
  auto expectPeer = [&] {
    auto found = store->peer(peer.home);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->home, peer.home);
    EXPECT_EQ(found->name, peer.name);
    EXPECT_EQ(found->state, peer.state);
    EXPECT_EQ(found->operating_spki, peer.operating_spki);
    EXPECT_EQ(found->statements, peer.statements);
    EXPECT_EQ(found->pairing, peer.pairing);
    EXPECT_EQ(found->incarnation, peer.incarnation);
    EXPECT_EQ(found->kept_apart, peer.kept_apart);
    EXPECT_EQ(found->since_ms, peer.since_ms);
    EXPECT_EQ(found->last_sync_ms, peer.last_sync_ms);
    ASSERT_EQ(found->former.has_value(), peer.former.has_value());
    if (peer.former) {
      EXPECT_EQ(found->former->operating_spki, peer.former->operating_spki);
      EXPECT_EQ(found->former->statements, peer.former->statements);
      EXPECT_EQ(found->former->pairing, peer.former->pairing);
    }
    EXPECT_EQ(found->knows_spki, peer.knows_spki);
    EXPECT_EQ(found->fork, peer.fork);
    EXPECT_EQ(found->rejected, peer.rejected);
    EXPECT_EQ(found->told_forgotten, peer.told_forgotten);
    ASSERT_EQ(found->addresses.size(), peer.addresses.size());
    for (size_t i = 0; i < peer.addresses.size(); ++i) {
      EXPECT_EQ(found->addresses[i].address, peer.addresses[i].address);
      EXPECT_EQ(found->addresses[i].source, peer.addresses[i].source);
      EXPECT_EQ(found->addresses[i].last_ok_ms, peer.addresses[i].last_ok_ms);
    }
  };
  expectPeer();
  peer.former = Pin{std::string("\0\xFF former", 9), std::string("\0", 1), std::string(32, '\xEF')};
  commit(*store, [&] { store->putPeer(peer); });
  expectPeer();
  peer.knows_spki = std::string("\0key", 4);
  peer.fork = std::string("\xFF\0", 2);
  peer.rejected = std::string(64, '\0');
  peer.told_forgotten = true;
  commit(*store, [&] { store->putPeer(peer); });
  expectPeer();
  peer = {{"new", "", ""}, peer.home, "", PeerState::kForgotten, 0, {}, true, 1, 2, {}, "", "", false, ""};
  commit(*store, [&] { store->putPeer(peer); });
  expectPeer();
  EXPECT_EQ(store->peers().size(), 1u);
  EXPECT_FALSE(store->peer(model::home(6)));
}

TEST_F(StoreRows, SurviveAddressesThatNoProgramWrote) {
  Peer peer;
  peer.home = model::home(5);
  peer.name = "five";
  commit(*store, [&] { store->putPeer(peer); });
  for (const char* broken : {"", "[", "7", "[7,null]", R"([{"address":1,"last_ok":1e300}])",
                             R"([{"last_ok":99999999999999999999}])", R"([{"last_ok":-1.5}])"}) {
    Plain(path()).run("UPDATE peer SET addresses='" + std::string(broken) + "'");
    auto found = store->peer(peer.home);
    ASSERT_TRUE(found) << broken;
    for (const PeerAddress& address : found->addresses) EXPECT_FALSE(address.last_ok_ms) << broken;
  }
}

TEST_F(StoreRows, KeepACursorForEachHomeAndOwner) {
  Cursor cursor{model::numbered<FeedEpoch>(1, 2), kHighest, 3, 4, model::kMaxStampMs};
  commit(*store, [&] {
    store->putCursor(model::home(5), kOwner, {});
    store->putCursor(model::home(5), kOwner, cursor);
    store->putCursor(model::home(5), kOther, {});
    store->putPeerFeed(model::home(5), kOwner, {model::numbered<FeedEpoch>(8), 1});
    store->putPeerFeed(model::home(5), kOwner, {model::numbered<FeedEpoch>(9), kHighest});
  });
  again();
  auto found = store->cursor(model::home(5), kOwner);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->epoch, cursor.epoch);
  EXPECT_EQ(found->sequence, kHighest);
  EXPECT_EQ(found->sender_number, 3u);
  EXPECT_EQ(found->receiver_number, 4u);
  EXPECT_EQ(found->as_of_ms, model::kMaxStampMs);
  EXPECT_FALSE(store->cursor(model::home(6), kOwner));
  auto place = store->peerFeed(model::home(5), kOwner);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->epoch, model::numbered<FeedEpoch>(9));
  EXPECT_EQ(place->sequence, kHighest);
  EXPECT_FALSE(store->peerFeed(model::home(5), kOther));
  commit(*store, [&] { store->removeCursor(model::home(5), kOwner); });
  EXPECT_FALSE(store->cursor(model::home(5), kOwner));
  EXPECT_TRUE(store->cursor(model::home(5), kOther));
  EXPECT_TRUE(store->peerFeed(model::home(5), kOwner));
}

TEST_F(StoreRows, TellWhatIsHeldOfEachHome) {
  HeldRow row;
  row.home = model::home(5);
  row.address = {kOwner, "light.a"};
  row.kind = "state";
  row.reason = "drift";
  row.at_ms = 12;
  row.hash = model::numbered<ContentHash>(3);
  row.version = std::string("\x02 an unknown format\0", 20);
  commit(*store, [&] {
    store->addHeld(row);
    for (auto change : std::initializer_list<void (*)(HeldRow&)>{
             [](HeldRow& r) { r.home = model::home(6); }, [](HeldRow& r) { r.address.id = "light.b"; },
             [](HeldRow& r) { r.address.owner = kOther; }, [](HeldRow& r) { r.version = "another"; }}) {
      HeldRow other = row;
      change(other);
      store->addHeld(other);
    }
  });
  again();
  EXPECT_EQ(store->heldCount(), 5u);
  EXPECT_EQ(store->heldCount(model::home(5)), 4u);
  EXPECT_EQ(store->heldCount(model::home(9)), 0u);
  auto all = store->held(model::home(5), 100);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].home, row.home);
  EXPECT_EQ(all[0].address, row.address);
  EXPECT_EQ(all[0].reason, "drift");
  EXPECT_EQ(all[0].at_ms, 12);
  EXPECT_EQ(all[0].hash, row.hash);
  EXPECT_EQ(all[0].version, row.version);
  EXPECT_EQ(store->held(std::nullopt, 2).size(), 2u);
  EXPECT_TRUE(store->held(model::home(9), 100).empty());
  EXPECT_TRUE(store->anyHeld());
  uint64_t bytes = 0;
  store->eachHeld(model::home(5), [&](const HeldRow& held, uint64_t size) {
    EXPECT_TRUE(held.version.empty());
    bytes += size;
  });
  EXPECT_EQ(bytes, 3 * row.version.size() + 7);
  // Of one owner, in order of numbers.
  int64_t after = 0;
  std::vector<std::string> ids;
  for (auto part = store->held(model::home(5), kOwner, after, 10, 1); !part.empty();
       part = store->held(model::home(5), kOwner, after, 10, 1)) {
    ASSERT_EQ(part.size(), 1u);
    after = part[0].n;
    ids.push_back(part[0].address.id);
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"light.a", "light.b", "light.a"}));
  EXPECT_EQ(store->held(model::home(5), kOwner, 0, 2, 1'000).size(), 2u);
  auto names = store->heldNamesAfter(all[1].n, 10);
  ASSERT_FALSE(names.empty());
  EXPECT_GT(names[0].n, all[1].n);
  commit(*store, [&] { store->removeHeld(all[0].n); });
  EXPECT_EQ(store->heldCount(), 4u);
  EXPECT_EQ(store->heldCount(model::home(5)), 3u);
  commit(*store, [&] {
    OwnerRow owner;
    owner.id = model::OwnerId(model::home(5));
    store->putOwner(&owner);
    store->forgetNotes(model::home(5));
  });
  EXPECT_EQ(store->heldCount(model::home(5)), 0u);
  EXPECT_EQ(store->heldCount(), 1u);
}

TEST_F(StoreRows, KeepTheNewestEvents) {
  EXPECT_EQ(store->firstEvent(), 0u);
  commit(*store, [&] {
    for (uint64_t n = 1; n <= 20; ++n) store->addEvent({n * 3, "home", "{\"n\":" + std::to_string(n) + "}"});
    store->trimEvents(20);
  });
  EXPECT_EQ(store->firstEvent(), 3u);
  commit(*store, [&] { store->trimEvents(5); });
  again();
  EXPECT_EQ(store->firstEvent(), 48u);
  auto events = store->events(51, 2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].n, 54u);
  EXPECT_EQ(events[0].type, "home");
  EXPECT_EQ(events[0].body, "{\"n\":18}");
  EXPECT_TRUE(store->events(60, 10).empty());
  commit(*store, [&] { store->trimEvents(0); });
  EXPECT_EQ(store->firstEvent(), 0u);
}

TEST_F(StoreRows, KeepMetaAndStateOfPlugins) {
  std::string binary("\0\xFF\xC3", 3);
  commit(*store, [&] {
    store->setMeta("boot_id", "one");
    store->setMeta("boot_id", "two");
    store->putPluginState("lan", "key", "old");
    store->putPluginState("lan", "key", binary);
    store->putPluginState("poi", "key", "");
  });
  again();
  EXPECT_EQ(store->meta("boot_id"), "two");
  EXPECT_EQ(store->meta("other"), "");
  EXPECT_EQ(store->pluginState("lan", "key"), binary);
  EXPECT_EQ(store->pluginState("poi", "key"), "");
  EXPECT_EQ(store->pluginState("lan", "none"), "");
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StoreRows, CountTheRowsOfAChangeAsItGrows) {
  commit(*store, [&] {
    store->putChange({1, 5, model::home(1), "token:admin", "bulk", 1});
    store->putChange({1, 5, model::home(1), "token:admin", "bulk", 1000});
  });
  Plain plain(path());
  EXPECT_EQ(plain.text("SELECT at_ms||','||by||','||how||','||count FROM change"), "5,token:admin,bulk,1000");
}

}  // namespace
}  // namespace hearthgate::store
