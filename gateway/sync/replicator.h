// The replicator: what two homes say to each other once a link between them is open and authenticated. It does no I/O
// and reads no clock of its own: links going up and down, messages, ticks and commits come in, messages go out. The same
// object runs under the daemon and the simulation. Engine thread; every call except takeOutput() inside a transaction.
//
// The rules that it follows are DESIGN.md section 3 and TRUST.md T13 to T15. In short, for each link and each of the two
// homes as an owner there is a Flow: the owner sends its entities filtered by its rules; the other side offers what it
// wrote and what bears the owner's tag. Cursors move in the receiver's commit and are acknowledged after it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/core.h"
#include "sync/ingress.h"
#include "sync/tuning.h"
#include "sync/why.h"
#include "sync/wire.h"

namespace hearthgate::sync {

struct ReplicatorSettings {
  std::string name;
  std::vector<std::string> addresses;  // told to other homes
  int64_t incarnation = 1;
  int64_t full_sync_interval_ms = 30'000;
  uint64_t bandwidth_limit = 0;  // bytes a second and peer, 0: none
  std::set<std::string> uncompressed_kinds;
  std::string statements;
  // Bytes that compression has saved so far of what went to a home; told by the links' thread, so some moments late.
  // Null: nothing is compressed.
  std::function<uint64_t(const HomeId&)> saved_bytes;
};

// What leaves the replicator; in order for each peer.
struct Output {
  HomeId peer;
  std::string message;     // empty: close the link
  std::string close_code;  // with `close_text`, when it closes
  std::string close_text;
  bool uncompressed = false;
};

// What is known of a connected home, for status and `home list`.
struct PeerReport {
  bool ready = false;  // hellos were exchanged
  bool fresh = false;  // its word on its own entities is not older than two intervals (DESIGN.md section 3, "as of")
  // Beside what lies above these places of the feeds: entities that are wanted or not acknowledged yet. No place: what
  // lies above the last one that was acknowledged (store::PeerPlace).
  uint64_t to_send = 0;
  std::optional<uint64_t> sent_of_mine;
  std::optional<uint64_t> sent_of_theirs;
  std::optional<uint64_t> to_receive;  // as the other side told; nothing: no word in this link
  std::optional<int64_t> clock_offset_ms;
  uint64_t held_there = 0;
  uint64_t refused_there = 0;
};

// How far another home's clock is ahead of this one.
inline int64_t clockOffset(int64_t told_ms, int64_t here_ms) {
  return std::clamp<int64_t>(told_ms, 0, kMaxToldClockMs) - here_ms;
}

class Replicator {
 public:
  Replicator(engine::Core& core, ReplicatorSettings settings);

  // The owner of the paired homes' names: called when hello tells a name, addresses or a new incarnation.
  using Introduced = std::function<void(const HomeId&, const Hello&)>;
  void onIntroduced(Introduced introduced) { introduced_ = std::move(introduced); }
  // Both sides are level after there was something to send; the counts are those since the last call for this home.
  using SyncComplete = std::function<void(const HomeId&, uint64_t sent, uint64_t received)>;
  void onSyncComplete(SyncComplete done) { sync_complete_ = std::move(done); }

  // Messages about keys, which others decide about: kKnownKeys and kStatements; and why a home said goodbye.
  using KeyMessage = std::function<void(const HomeId&, MessageType, std::string_view)>;
  void onKeyMessage(KeyMessage received) { key_message_ = std::move(received); }
  using SaidBye = std::function<void(const HomeId&, const std::string& code)>;
  void onBye(SaidBye said) { said_bye_ = std::move(said); }

  // Of this home's keys, told in hellos from now on.
  void setStatements(std::string statements) { settings_.statements = std::move(statements); }
  // To a home that has said hello; nothing when there is none.
  void tell(const HomeId& peer, std::string message);
  // Says why, and ends the link.
  void sayBye(const HomeId& peer, const std::string& code, const std::string& text);
  void setAddresses(std::vector<std::string> addresses) { settings_.addresses = std::move(addresses); }

  void linkUp(const HomeId& peer);
  void linkDown(const HomeId& peer);
  // Everything was read again after a failed commit: every link starts anew.
  void reset(const std::string& why);
  void receive(const HomeId& peer, std::string_view message);
  void tick();
  // At the end of every transaction: tells rules and replica ids that changed in it, and sends what there is room for.
  void pump();
  // When pump() has something to do though nothing may have happened until then: by the steady clock; set by pump().
  std::optional<int64_t> pumpDueMs() const { return pump_due_ms_; }
  // What may leave, after the commit. Messages made in a transaction that failed must be dropped by reset().
  std::vector<Output> takeOutput();

  bool connected(const HomeId& peer) const { return sessions_.contains(peer); }
  // Hellos were exchanged, and the link is not about to end.
  bool ready(const HomeId& peer) const {
    auto at = sessions_.find(peer);
    return at != sessions_.end() && at->second.ready && !at->second.closing;
  }
  PeerReport report(const HomeId& peer);
  // Why an entity of ours or of `peer` is or is not level between the two, from what decides about it (why.h). In a
  // transaction.
  Why why(const HomeId& peer, const model::Address& address, const LinkFacts& link);
  // Bytes a second that may go to this home, at once and after restarts; nothing: the configuration's.
  void setBandwidth(const HomeId& peer, std::optional<uint64_t> bytes_per_s);
  // Asks the peer to say when it is level; `answer` is called with its word, or with nothing when the link ends.
  void askLevel(const HomeId& peer, std::function<void(std::optional<LevelMessage>)> answer);
  // Whether all that this side has for the peer is sent and acknowledged.
  bool levelTowards(const HomeId& peer);

 private:
  struct InFlight {
    uint64_t number = 0;
    size_t bytes = 0;
    bool digest = false;
    uint64_t turn = 0;                   // Flow::turn when it was sent
    std::optional<uint64_t> acknowledges;  // the place in the feed that its acknowledgement stands for
    std::vector<store::EntityNumber> items;
    std::vector<std::pair<uint32_t, ContentHash>> versions;  // place of the item, hash
    std::vector<uint64_t> announced;  // of an offer outside of a pass: the feed number of each item
  };
  enum class Pass { kNone, kDigest, kWanted, kContent };
  // A part of a feed that is sent before anything that changes meanwhile (kRoundBytes, kRoundPauseMs).
  struct Round {
    uint64_t begin = 0;  // the feed from here
    uint64_t end = 0;    // up to here
    uint64_t rows = 0;   // what stood there when it was read: less than the distance when entities were rewritten
    int64_t began_ms = 0;
    // Of the one after it.
    int64_t due_ms = 0;      // waits until then; 0: not known yet
    uint64_t head = 0;       // where the feed ended when it was last seen to grow meanwhile,
    int64_t written_ms = 0;  // and when
  };
  struct Flow {
    model::OwnerId owner;
    bool mine = false;
    bool circle = false;  // of a circle: both send and take in
    bool first = false;   // of a circle of which nothing is here: this member brings it, and has not yet
    int64_t begun_ms = 0;
    // Sending.
    bool started = false;
    uint64_t sent = 0;
    uint64_t turn = 0;              // counts restartSending()
    uint64_t rules_number = 0;      // under which it began
    std::optional<uint64_t> acked;  // the feed up to here is acknowledged; nothing until a pass has ended
    Pass pass = Pass::kNone;
    bool pass_begun = false;
    uint64_t pass_at = 0;
    uint64_t pass_end = 0;
    // Of a circle: feed numbers of what others wrote and the peer is not known to have: to be offered as digests from
    // `announce_at_ms` on, offered, or wanted.
    std::map<uint64_t, store::EntityNumber> announced;
    std::deque<uint64_t> to_announce;
    int64_t announce_at_ms = 0;
    std::unordered_map<store::EntityNumber, std::vector<uint64_t>> owed;
    std::deque<store::EntityNumber> wanted;
    std::unordered_set<store::EntityNumber> wanted_set;
    int64_t held_at = 0;  // what is held here is offered up to this number
    bool held_offered = false;
    bool offered = false;
    bool peer_offered = false;
    bool peer_has_content = true;
    uint64_t batches = 0;
    Round round;
    std::deque<InFlight> in_flight;
    size_t in_flight_bytes = 0;
    uint64_t sequence_told = 0;
    int64_t position_told_ms = 0;
    // Versions that came from the peer and that our feed has not passed yet: not sent back.
    std::unordered_map<store::EntityNumber, std::vector<ContentHash>> peer_has;
    // Receiving.
    FeedEpoch peer_epoch;
    uint64_t peer_number = 0;
    bool pass_received = false;  // a replacing pass is under way
    std::unordered_set<std::string> named;
    // Of a circle: the comparison (Comparison::number) in which the pass under way began, and the last one that the peer has
    // taken part in; whether it may write all that this home may only read.
    std::optional<uint64_t> pass_of;
    std::optional<uint64_t> compared;
    bool may_replace = false;
    uint64_t remaining_there = 0;
    bool heard = false;  // the peer said in this link how far it is
    int64_t heard_ms = 0;
    // Kept rows, so that nothing is written that stands there already.
    std::optional<store::PeerPlace> saved;
    std::vector<HeldMessage::Row> refused_since;  // to be told
  };
  // A circle between the two homes.
  struct CircleSide {
    std::optional<trust::CharterHash> theirs;  // which charter the other home has; zero: it waits for one
    std::string shown;                         // the proof that it was sent last
    std::optional<OwnerHello> hello;           // came before the flow began here
    std::optional<Flow> flow;                  // while both are members
    bool had_flow = false;
  };
  struct Session : model::Names {
    HomeId peer;
    bool ready = false;
    bool closing = false;
    bool begins_anew = false;  // it ends as soon as this message is dealt with
    Flow mine;    // of our entities
    Flow theirs;  // of the peer's
    std::map<model::OwnerId, CircleSide> circles;
    std::string circles_told;
    bool circles_due = true;
    bool circles_heard = false;  // what the peer has to say of circles
    std::set<uint32_t> told_replicas;
    std::set<uint32_t> told_homes;
    std::unordered_map<uint32_t, ReplicaId> replica_names;
    std::unordered_map<uint32_t, HomeId> home_names;
    std::vector<std::pair<uint64_t, std::function<void(std::optional<LevelMessage>)>>> asked;
    std::vector<uint64_t> asks;
    uint64_t next_token = 1;
    uint64_t sent_entities = 0;      // since sync_complete_ was called
    uint64_t received_entities = 0;
    std::optional<int64_t> complete_told_ms;
    bool has_exceptions = false;
    uint64_t exceptions_room = 0;  // how many more are kept; see countExceptions()
    bool held_changed = false;  // something of the peer's is held here no longer, and it was not told yet
    // Read when a batch brings something to be held, and only kept until its end.
    struct Held {
      uint64_t versions = 0;
      uint64_t bytes = 0;
      std::set<std::tuple<ContentHash, model::Address, std::string, uint64_t>> known;  // see keyOf()
    };
    std::optional<Held> held;
    uint64_t bandwidth = 0;
    int64_t budget = 0;  // thousandths of a byte
    uint64_t debited = 0;      // bytes that were taken from it before compression, and not given back
    uint64_t saved_known = 0;  // ReplicatorSettings::saved_bytes then
    size_t turn = 0;  // which flow sends next
    int64_t budget_at_ms = 0;
    std::optional<int64_t> clock_offset_ms;

    const ReplicaId* replicaName(uint32_t number) const override;
    const HomeId* homeName(uint32_t number) const override;
    Flow* flow(const model::OwnerId& owner);
    // Every one of them.
    std::vector<Flow*> flows();
    // False when the tables are full.
    bool takeNames(const Batch& batch);
  };

  // replicator_hello.cpp
  Hello makeHello(Session& session);
  OwnerHello makeOwnerHello(Session& session, const model::OwnerId& owner);
  void receiveHello(Session& session, std::string_view message);
  void lookForAnotherLife(Session& session, const OwnerHello& hello);
  using Decoded = std::vector<Result<model::Version>>;
  void lookForAnotherLife(Session& session, const Flow& flow, const Batch& batch, const std::vector<Decoded>& decoded);
  void foundAnotherLife(Session& session, const model::OwnerId& owner, bool feed_differs,
                        const std::set<ReplicaId>& doubted, engine::Core::Shared shared);
  void beginAnew(Session& session);
  void receiveOwnerHello(Session& session, const OwnerHello& hello);
  void receiveRules(Session& session, std::string_view message);
  void receiveReplica(Session& session, std::string_view message);
  void takeReplicas(Session& session, const model::OwnerId& owner, const std::vector<ReplicaId>& replicas);
  void takeRules(Session& session, Flow& flow, const model::Rules& rules);
  void rulesChanged(Session& session, Flow& flow);
  void restartSending(Session& session, Flow& flow);
  uint64_t myNumber(const Session& session, const Flow& flow);

  // replicator_send.cpp
  void pumpSession(Session& session);
  void giveBackSaved(Session& session);
  void tellComplete(Session& session, bool last);
  // Part of the feed above a place; stands until the next one is asked for.
  struct FeedView {
    std::span<const store::FeedRow> rows;
    bool last = false;
  };
  FeedView feedPage(const model::OwnerId& owner, uint64_t after, size_t bytes);
  bool sendSome(Session& session, Flow& flow);
  bool sendDigests(Session& session, Flow& flow);
  bool sendWanted(Session& session, Flow& flow);
  bool beginRound(Flow& flow, uint64_t head);
  bool sendNew(Session& session, Flow& flow);
  bool addContent(Session& session, Flow& flow, const store::FeedRow& row, bool everything, Batch* batch, InFlight* flight,
                  size_t* bytes);
  std::vector<std::pair<ContentHash, std::string>> offer(Session& session, Flow& flow, const store::FeedRow& row);
  void noteTold(const Flow& flow, const ContentHash& hash, const std::string& kind, const std::string& encoded);
  bool addHeldOffer(Session& session, Flow& flow, Batch* batch, InFlight* flight, size_t* bytes, bool* uncompressed);
  void tellNames(Session& session, Batch* batch);
  void sendBatch(Session& session, Flow& flow, Batch batch, InFlight flight, bool uncompressed);
  bool mayPass(const Session& session, const Flow& flow, const std::string& id);
  void sendPosition(Session& session, Flow& flow);
  void answerLevel(Session& session);
  bool quiet(const Flow& flow);
  bool allQuiet(Session& session);

  // replicator_receive.cpp
  void receiveBatch(Session& session, std::string_view message);
  void dropForgedTag(const model::OwnerId& owner, model::Version* version);
  Decoded decodeItem(const Session& session, const model::OwnerId& owner, const BatchItem& item);
  bool receiveItem(Session& session, Flow& flow, const Batch& batch, const BatchItem& item, Decoded decoded, bool replacing,
                   uint32_t first, Ack* ack);
  bool keepHeld(Session& session, const store::HeldRow& row);
  void endPass(Flow& flow);
  void dropHeldOf(const model::Address& address, const std::vector<ContentHash>& keep);
  void receiveAck(Session& session, std::string_view message);
  void receivePosition(Session& session, std::string_view message);
  void receiveLevel(Session& session, std::string_view message);
  struct Review {
    size_t rows = kHeldReviewRows;
    size_t bytes = kHeldReviewBytes;
    std::set<model::Address> changed;
  };
  void reviewHeld();
  void reviewHeldOf(std::set<model::Address> changed);
  bool judgeAgain(const store::HeldRow& held, Review* review);
  void dropHeldWithoutRight(const HomeId& home);
  void dropHeld(const store::HeldRow& held);

  // replicator_compare.cpp
  struct Comparison {
    uint64_t number = 0;  // CircleRow::passes
    std::map<std::string, std::set<ContentHash>> confirmed;  // by id, what those have who may write it
    std::map<std::string, model::Siblings> behind;  // of that, what is older than what is here: it stays when that falls out
    size_t behind_bytes = 0;
  };
  Comparison* comparisonOf(const model::OwnerId& circle);
  void confirm(const model::OwnerId& circle, const std::string& id, const std::vector<ContentHash>& hashes);
  bool mayReplace(const Session& session, const Flow& flow);
  void finishComparisons();
  void keepBehind(const model::Address& address, std::vector<model::Version> versions);
  void dropUnconfirmed(const model::OwnerId& circle, const Comparison& comparison);

  // replicator_circles.cpp
  CirclesMessage circlesFor(Session& session);
  void tellCircles(Session& session);
  void showCharter(Session& session, const model::OwnerId& circle, CircleSide& side);
  void receiveCircles(Session& session, std::string_view message);
  void receiveCharter(Session& session, std::string_view message);
  void receiveCircleHello(Session& session, std::string_view message);
  void reviewCircleFlows(Session& session);
  const Flow* begunElsewhere(const Session& session, const model::OwnerId& circle) const;
  void pumpCircles();
  void dropHeldOfCircle(const model::OwnerId& circle);
  // Whether the other home may bring an entity.
  bool mayComeFrom(const Session& session, const Flow& flow, const std::string& id);
  uint64_t settledUpTo(const Flow& flow);
  bool sendGossip(Session& session, Flow& flow);
  bool isOwnWrite(const store::FeedRow& row);
  bool announce(Session& session, Flow& flow);
  bool isThere(const Flow& flow, const store::FeedRow& row, std::vector<ContentHash>* hashes);
  void answeredOffer(Flow& flow, const InFlight& flight, const std::vector<uint32_t>& wants);

  // replicator_notes.cpp: what is kept for `why` and `lag`.
  void askHeld(Session& session);
  void vouchedFor(Session& session, const model::Address& address, const std::vector<ContentHash>& versions);
  void dropExceptionsWithoutRight(const HomeId& peer, const model::OwnerId& owner);
  void countExceptions(Session& session);
  void putException(Session& session, const store::EntityRow& row, store::PeerException exception);
  void noteAck(Session& session, Flow& flow, const InFlight& flight, const Ack& ack);
  void notExcepted(Session& session, const store::EntityRow& row, const InFlight& flight, uint32_t place);
  void tellHeld(Session& session, bool first);
  void receiveHeld(Session& session, std::string_view message);
  void savePlace(Session& session, Flow& flow);
  void savePlaces(Session& session);
  void narrowPlace(Session& session, Flow& flow);
  std::optional<uint64_t> ackedUpTo(const Flow& flow);
  bool fresh(const Session& session);
  void tellFreshness(const HomeId& peer, bool now);
  void tellFreshnessDue();
  // replicator_why.cpp
  void whyOfMine(WhyText& text, const HomeId& peer, const store::EntityRow& row, const LinkFacts& link);
  void whyOfTheirs(WhyText& text, const HomeId& peer, const model::Address& address,
                   const std::optional<store::EntityRow>& row, const LinkFacts& link);
  void whyOfCircle(WhyText& text, const HomeId& peer, const model::Address& address,
                   const std::optional<store::EntityRow>& row, const LinkFacts& link);
  bool whySending(WhyText& text, const HomeId& peer, const store::EntityRow& row, bool pending, const LinkFacts& link);
  void whyShown(WhyText& text, const store::EntityRow& row);
  void drop(const HomeId& peer);

  void send(Session& session, std::string message, bool uncompressed = false);
  void close(Session& session, const std::string& code, const std::string& text);
  void end(Session& session, const std::string& code, const std::string& text);
  void closeBroken(Session& session, const Error& error) { close(session, error.code, error.message); }

  engine::Core& core_;
  ReplicatorSettings settings_;
  Ingress ingress_;
  Introduced introduced_;
  SyncComplete sync_complete_;
  KeyMessage key_message_;
  SaidBye said_bye_;
  std::map<HomeId, Session> sessions_;
  std::vector<Output> output_;
  // As they were read in the pump() that runs: nothing changes an entity while it does.
  struct FeedPage {
    model::OwnerId owner;
    uint64_t after;
    size_t bytes;
    store::FeedPart part;
  };
  std::deque<FeedPage> pages_;
  size_t pages_bytes_ = 0;
  std::optional<int64_t> pump_due_ms_;
  int64_t next_held_review_ms_ = 0;
  int64_t held_reviewed_ = 0;  // the next review begins above this number
  int64_t next_places_ms_ = 0;
  std::map<model::OwnerId, Comparison> comparing_;
  std::map<HomeId, int64_t> bad_charters_;  // when each last showed a charter that does not hold; steady clock
  std::map<HomeId, bool> fresh_;      // as events told it
  std::set<HomeId> freshness_told_;   // since the last commit
  bool freshness_due_ = false;        // links ended without their events
};

}  // namespace hearthgate::sync
