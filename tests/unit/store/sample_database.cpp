#include "unit/store/sample_database.h"

#include <gtest/gtest.h>

#include "unit/model/histories.h"

namespace hearthgate::store {
namespace {

using model::home;
using model::OwnerId;
using model::replica;
using model::Siblings;
using model::Version;
using model::Writer;

const OwnerId kMe(home(1));
const OwnerId kBeach(home(2));
const OwnerId kCircle = *OwnerId::fromBytes("a circle of ours");
const model::OwnerTag kTag{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

struct Sample {
  Writer mine{1}, beach{2}, third{3};
  Version first = tagged(mine.put({}, R"({"brightness":128,"name":"K\u00fcche","state":"off"})", model::at(1000)));
  Version second =
      tagged(mine.put({first}, R"({"brightness":128,"name":"K\u00fcche","state":"on"})", model::at(2000, false, 7)));
  Version rival = beach.put({first}, R"({"brightness":1.5,"name":"K\u00fcche","state":"off"})", model::at(1500));
  Version deleted = third.erase({}, model::at(3000));
  Version theirs = tagged(beach.put({}, R"({"deep":{"er":{"est":[1,{"a":null}]}},"empty":{}})", model::at(4000)));
  Version unacknowledged = mine.put({theirs}, R"({"deep":{"er":{"est":[]}},"empty":{}})", model::at(5000));

  static Version tagged(Version version) {
    version.tag = kTag;
    return version;
  }
};

OwnerRow ownerRow(const OwnerId& id, uint8_t epoch) {
  OwnerRow row;
  row.id = id;
  row.epoch = model::numbered<FeedEpoch>(epoch);
  return row;
}

EntityRow entityRow(const OwnerId& owner, const std::string& id, uint64_t sequence, Siblings siblings) {
  EntityRow row;
  row.address = {owner, id};
  row.kind = "state";
  row.sequence = sequence;
  row.updated_ms = 1'700'000'000'000 + static_cast<int64_t>(sequence);
  row.siblings = std::move(siblings);
  return row;
}

model::Rules sampleRules() {
  model::Rules rules;
  rules.number = 5;
  rules.lists = {{{"light.*", model::Access::kWrite, 1'800'000'000'000}, {"light.safe", model::Access::kNone, {}}}};
  rules.strategies = {{model::StrategyRow::Scope::kDefault, "", "merge"}};
  return rules;
}

Peer samplePeer() {
  Peer peer;
  peer.home = home(2);
  peer.name = "Strandhaus \xF0\x9F\x8F\x96";
  peer.operating_spki = "spki";
  peer.statements = "statements";
  peer.pairing = "pairing";
  peer.incarnation = 3;
  peer.addresses = {{"192.0.2.1:8765", "hand", 9}, {"[2001:db8::1]:8765", "found", {}}};
  peer.kept_apart = true;
  peer.since_ms = 10;
  peer.last_sync_ms = 11;
  peer.former = Pin{"former spki", "former statements", "former pairing"};
  return peer;
}

void fillWriter(Store& store) {
  OwnerRow me = ownerRow(kMe, 1), beach = ownerRow(kBeach, 2), circle = ownerRow(kCircle, 3);
  me.replica = replica(1);
  me.counter = 3;
  me.told = 2;
  me.hold = true;
  beach.replacing = true;
  for (OwnerRow* row : {&me, &beach, &circle}) store.putOwner(row);
  store.putHead({1'048'580, 4, 1'700'000'000'123, 9});
  store.putOwnReplica(kMe, {replica(9), 12, 11, 10});
  store.addStart(kMe, {4, 1'048'576, replica(9), 12}, 64);
  store.putToldReplica(kMe, replica(2), home(2));
  store.putSeen(kMe, replica(2), 1);
  store.putDoubted(kMe, {replica(2), 1});
  store.setMeta("home", home(1).text());
}

void fillEntities(Store& store) {
  Sample s;
  EntityRow kitchen = entityRow(kMe, "light.kitchen", 1'048'578, model::joined({s.second, s.rival}));
  kitchen.conflicted = true;
  EntityRow gone = entityRow(kCircle, "light.gone", 1'048'579, {s.deleted});
  gone.state = EntityState::kDeleted;
  EntityRow beach = entityRow(kBeach, "light.beach", 1'048'580, {s.unacknowledged});
  beach.origin = Origin::kRemote;
  EntityRow stub = entityRow(kBeach, "light.stub", 1'048'577, {});
  stub.state = EntityState::kNoLongerShared;
  for (EntityRow* row : {&kitchen, &gone, &beach, &stub}) store.putEntity(row);
  store.putBase(beach.n, {s.theirs});
  store.addHistory(kitchen.n, 1, 0, false, s.first);
  store.listHistory(&kitchen, 2, 0, s.second);
  store.putEntity(&kitchen);
  store.addHistory(kitchen.n, 2, 1, true, s.rival);
  store.putChange({1, 100, home(1), "token:admin", "write", 1});
  store.putChange({2, 200, home(2), "", "sync", 2});
  Conflict record;
  record.key = "key";
  record.entity = kitchen.n;
  record.at_ms = 300;
  record.strategy = "user-choice";
  record.versions = kitchen.siblings;
  record.base = s.first;
  store.putConflict(&record);
  record = {};
  record.key = "key of another";
  record.entity = kitchen.n;
  record.state = ConflictState::kResolved;
  record.strategy = "latest-wins";
  record.versions = kitchen.siblings;
  record.outcome = Conflict::Outcome{s.second.id(), s.second.fields, "latest-wins", "strategy"};
  record.lost = "[\"" + s.rival.id() + "\"]";
  record.lost_fields = R"([["brightness"]])";
  store.putConflict(&record);
}

void fillHomes(Store& store) {
  store.putRules(kMe, home(2), sampleRules());
  store.putStrategyRow({model::StrategyRow::Scope::kKind, "scene", "user-choice"});
  store.putStrategyHere({kBeach, "light.beach"}, "local-wins");
  store.putPeer(samplePeer());
  store.putCursor(home(2), kBeach, {model::numbered<FeedEpoch>(7), 70, 71, 72, 73});
  store.putPeerFeed(home(2), kBeach, {model::numbered<FeedEpoch>(8), 80});
  HeldRow held;
  held.home = home(2);
  held.address = {kBeach, "light.held"};
  held.kind = "scene";
  held.reason = "drift";
  held.at_ms = 400;
  held.hash = model::numbered<ContentHash>(4);
  held.version = std::string("\x02\0\xFF", 3);
  store.addHeld(held);
  store.addEvent({1'048'576, "home", R"({"id":"x"})"});
  store.putPluginState("lan", "key", std::string("\0value", 6));
}

void expectVersion(const Version& found, const Version& version, bool with_tag = true) {
  EXPECT_EQ(found.hash, version.hash);
  EXPECT_EQ(found.fields, version.fields);
  EXPECT_EQ(found.vector, version.vector);
  EXPECT_EQ(found.deleted, version.deleted);
  EXPECT_TRUE(!with_tag || found.tag == version.tag);
  // Whole: the hash is over everything else.
  EXPECT_EQ(model::contentHash(model::address(), found), version.hash);
}

void expectWriter(Store& store) {
  ASSERT_EQ(store.owners().size(), 3u);
  OwnerRow me = store.owner(kMe).value();
  EXPECT_EQ(me.epoch, model::numbered<FeedEpoch>(1));
  EXPECT_EQ(me.replica, replica(1));
  EXPECT_EQ(me.counter, 3u);
  EXPECT_EQ(me.told, 2u);
  EXPECT_TRUE(me.hold);
  EXPECT_TRUE(store.owner(kBeach)->replacing);
  EXPECT_FALSE(store.owner(kCircle)->replica);
  Head head = store.head();
  EXPECT_EQ(head.sequence, 1'048'580u);
  EXPECT_EQ(head.change, 4u);
  EXPECT_EQ(head.stamp_ms, 1'700'000'000'123);
  EXPECT_EQ(head.stamp_count, 9u);
  ASSERT_EQ(store.ownReplicas(kMe).size(), 1u);
  EXPECT_EQ(store.ownReplicas(kMe)[0].issued, 12u);
  EXPECT_EQ(store.ownReplicas(kMe)[0].told, 11u);
  EXPECT_EQ(store.ownReplicas(kMe)[0].shared, 10u);
  ASSERT_EQ(store.starts(kMe).size(), 1u);
  EXPECT_EQ(store.starts(kMe)[0].high, 1'048'576u);
  EXPECT_EQ(store.starts(kMe)[0].replica, replica(9));
  EXPECT_EQ(store.toldBy(kMe, replica(2)), home(2));
  EXPECT_EQ(store.seen(kMe, replica(2)), 1u);
  EXPECT_EQ(store.meta("home"), home(1).text());
}

void expectEntities(Store& store) {
  Sample s;
  auto kitchen = store.entity({kMe, "light.kitchen"});
  ASSERT_TRUE(kitchen);
  EXPECT_TRUE(kitchen->conflicted);
  EXPECT_EQ(kitchen->sequence, 1'048'578u);
  EXPECT_EQ(kitchen->updated_ms, 1'700'001'048'578);
  Siblings expected = model::joined({s.second, s.rival});
  ASSERT_EQ(kitchen->siblings.size(), 2u);
  for (size_t i = 0; i < 2; ++i) expectVersion(kitchen->siblings[i], expected[i]);
  EXPECT_EQ(store.entity({kCircle, "light.gone"})->state, EntityState::kDeleted);
  expectVersion(store.entity({kCircle, "light.gone"})->siblings.at(0), s.deleted);
  auto beach = store.entity({kBeach, "light.beach"});
  EXPECT_EQ(beach->origin, Origin::kRemote);
  expectVersion(beach->siblings.at(0), s.unacknowledged);
  expectVersion(store.base(beach->n).at(0), s.theirs);
  EXPECT_EQ(store.entity({kBeach, "light.stub"})->state, EntityState::kNoLongerShared);
  EXPECT_TRUE(store.entity({kBeach, "light.stub"})->siblings.empty());
  EXPECT_EQ(store.feedEnd(kBeach), 1'048'580u);
  auto history = store.history(kitchen->n, 10);
  ASSERT_EQ(history.size(), 3u);
  EXPECT_TRUE(history[0].refused);
  expectVersion(history[0].version, s.rival, false);
  expectVersion(history[1].version, s.second, false);
  expectVersion(history[2].version, s.first, false);
  EXPECT_EQ(history[2].change, 1u);
  auto open = store.conflictByKey("key");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->state, ConflictState::kOpen);
  EXPECT_EQ(open->strategy, "user-choice");
  EXPECT_EQ(open->at_ms, 300);
  EXPECT_EQ(open->versions.size(), 2u);
  ASSERT_TRUE(open->base);
  expectVersion(*open->base, s.first);
  auto settled = store.conflictByKey("key of another");
  ASSERT_TRUE(settled && settled->outcome);
  EXPECT_EQ(settled->outcome->version, s.second.id());
  EXPECT_EQ(settled->outcome->fields, s.second.fields);
  EXPECT_EQ(settled->lost, "[\"" + s.rival.id() + "\"]");
  EXPECT_EQ(settled->lost_fields, R"([["brightness"]])");
}

void expectHomes(Store& store) {
  EXPECT_EQ(store.rules(kMe, home(2)), sampleRules());
  ASSERT_EQ(store.strategyRows().size(), 1u);
  EXPECT_EQ(store.strategyRows()[0].strategy, "user-choice");
  EXPECT_EQ(store.strategyHere({kBeach, "light.beach"}), "local-wins");
  auto peer = store.peer(home(2));
  ASSERT_TRUE(peer);
  Peer expected = samplePeer();
  EXPECT_EQ(peer->name, expected.name);
  EXPECT_EQ(peer->state, PeerState::kPaired);
  EXPECT_EQ(peer->operating_spki + peer->statements + peer->pairing, "spkistatementspairing");
  EXPECT_EQ(peer->incarnation, 3);
  ASSERT_EQ(peer->addresses.size(), 2u);
  EXPECT_EQ(peer->addresses[0].address, "192.0.2.1:8765");
  EXPECT_EQ(peer->addresses[0].last_ok_ms, 9);
  EXPECT_EQ(peer->addresses[1].source, "found");
  EXPECT_TRUE(peer->kept_apart);
  EXPECT_EQ(peer->since_ms, 10);
  EXPECT_EQ(peer->last_sync_ms, 11);
  auto cursor = store.cursor(home(2), kBeach);
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->epoch, model::numbered<FeedEpoch>(7));
  EXPECT_EQ(cursor->sequence, 70u);
  EXPECT_EQ(cursor->sender_number, 71u);
  EXPECT_EQ(cursor->receiver_number, 72u);
  EXPECT_EQ(cursor->as_of_ms, 73);
  EXPECT_EQ(store.peerFeed(home(2), kBeach)->sequence, 80u);
  ASSERT_EQ(store.held(home(2), 10).size(), 1u);
  HeldRow held = store.held(home(2), 10)[0];
  EXPECT_EQ(held.address, (model::Address{kBeach, "light.held"}));
  EXPECT_EQ(held.kind + held.reason, "scenedrift");
  EXPECT_EQ(held.version, std::string("\x02\0\xFF", 3));
  ASSERT_EQ(store.events(0, 10).size(), 1u);
  EXPECT_EQ(store.events(0, 10)[0].n, 1'048'576u);
  EXPECT_EQ(store.events(0, 10)[0].body, R"({"id":"x"})");
  EXPECT_EQ(store.pluginState("lan", "key"), std::string("\0value", 6));
}

void expectAudit(Store& store) {
  auto rows = store.audit({}, std::nullopt, 10);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].actor, home(2).text());
  EXPECT_EQ(rows[0].action, "refused");
  EXPECT_EQ(rows[0].subject, "light.beach");
  EXPECT_EQ(rows[0].detail, "not shared");
  EXPECT_EQ(rows[0].count, 41u);
  EXPECT_EQ(rows[1].at_ms, 1'800'000'000'000);
  EXPECT_EQ(store.trimmed(store.entity({kMe, "light.kitchen"})->n, model::replica(1)), 3u);
}

void fillWhy(Store& store) {
  store.putPeerPlace(home(2), kMe, {model::numbered<FeedEpoch>(1), 44, sampleRules(), 5, 600});
  store.putPeerException(home(2), kMe, {"light.kitchen", model::numbered<ContentHash>(5), true, "drift", 601});
  store.putEndedGrant(kMe, home(2), {"light.*", model::Access::kWrite, 602, true});
  store.putBandwidth(home(2), 5000);
}

void expectWhy(Store& store) {
  auto place = store.peerPlace(home(2), kMe);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->epoch, model::numbered<FeedEpoch>(1));
  EXPECT_EQ(place->sequence, 44u);
  EXPECT_EQ(place->remaining, 5u);
  EXPECT_EQ(place->at_ms, 600);
  EXPECT_EQ(place->rules.lists, sampleRules().lists);
  auto exceptions = store.peerExceptions(home(2), model::Address{kMe, "light.kitchen"});
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(exceptions[0].hash, model::numbered<ContentHash>(5));
  EXPECT_TRUE(exceptions[0].held);
  EXPECT_EQ(exceptions[0].reason, "drift");
  EXPECT_EQ(exceptions[0].at_ms, 601);
  EXPECT_EQ(store.peerExceptionCount(home(2), true), 1u);
  ASSERT_EQ(store.endedGrants(kMe, home(2)).size(), 1u);
  EXPECT_EQ(store.endedGrants(kMe, home(2))[0].until_ms, 602);
  EXPECT_EQ(store.bandwidth(home(2)), 5000u);
}

CircleRow sampleCircle() {
  CircleRow row;
  row.id = kCircle;
  row.state = CircleState::kMember;
  row.name = "family";
  row.inviter = home(2);
  row.until_ms = 700;
  row.proof = std::string("\x01\0\xFE", 3);
  row.passes = 2;
  row.needs_pass = true;
  return row;
}

void fillCircles(Store& store) {
  store.putCircle(sampleCircle());
  store.putCharter(kCircle, std::string(32, 'h'));
  store.putCircleGuest(kCircle, {home(3), "Hut", 701, true});
  store.putCircleRemoved(kCircle, home(2), "proof");
  store.putCircleVote(kCircle, 7, std::string(32, 'v'));
  store.putCircleDistrust(kCircle, home(3), 702);
}

void expectCircles(Store& store) {
  EXPECT_EQ(store.circle(kCircle), sampleCircle());
  EXPECT_EQ(store.circles().size(), 1u);
  EXPECT_TRUE(store.knowsCharter(kCircle, std::string(32, 'h')));
  EXPECT_FALSE(store.knowsCharter(kCircle, std::string(32, 'i')));
  ASSERT_EQ(store.circleGuests(kCircle).size(), 1u);
  const CircleGuest guest = store.circleGuests(kCircle)[0];
  EXPECT_EQ(guest.home, home(3));
  EXPECT_EQ(guest.name, "Hut");
  EXPECT_EQ(guest.until_ms, 701);
  EXPECT_TRUE(guest.accepted);
  EXPECT_EQ(store.circleRemoved(kCircle), (std::map<HomeId, std::string>{{home(2), "proof"}}));
  EXPECT_EQ(store.circleVote(kCircle, 7), std::string(32, 'v'));
  EXPECT_EQ(store.circleVote(kCircle, 8), "");
  EXPECT_EQ(store.circleDistrusted(kCircle), std::set<HomeId>{home(3)});
}

}  // namespace

Status fillSample(Store& store) {
  store.begin();
  fillWriter(store);
  fillEntities(store);
  fillHomes(store);
  store.addAudit({0, 1'800'000'000'000, "token:admin", "entity.write", "light.kitchen", "put", 1});
  store.addAudit({0, 1'800'000'000'500, home(2).text(), "refused", "light.beach", "not shared", 41});
  store.raiseTrimmed(store.entity({kMe, "light.kitchen"})->n, model::replica(1), 3);
  fillWhy(store);
  fillCircles(store);
  return store.commit();
}

void expectSample(Store& store, int schema) {
  EXPECT_GE(schema, 1);  // Every file holds this much.
  expectWriter(store);
  expectEntities(store);
  expectHomes(store);
  if (schema >= 2) expectAudit(store);
  if (schema >= 3) expectWhy(store);
  if (schema >= 10) expectCircles(store);
  if (schema >= 8) {
    EXPECT_EQ(store.doubted(kMe, home(2)), (std::vector<std::pair<ReplicaId, uint64_t>>{{replica(2), 1}}));
  }
  if (schema >= 7) {
    auto former = store.peer(home(2))->former;
    ASSERT_TRUE(former);
    EXPECT_EQ(former->operating_spki + former->statements + former->pairing, "former spkiformer statementsformer pairing");
  }
  EXPECT_TRUE(schema < 5 || store.endedGrants(kMe, home(2)).at(0).taken_back);
  EXPECT_TRUE(store.takeError().ok());
}

}  // namespace hearthgate::store
