// Circles, as 0010_circles.sql keeps them.
#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {

namespace {
#define CIRCLE "SELECT owner, state, name, inviter, until_ms, proof, passes, needs_pass FROM circle "
constexpr char kCircles[] = CIRCLE "ORDER BY owner";
constexpr char kCircle[] = CIRCLE "WHERE owner=?";
#undef CIRCLE
}  // namespace

CircleRow Reader::readCircle(Query& query) {
  CircleRow row;
  row.id = ownerName(static_cast<uint32_t>(query.integer(0))).value_or(model::OwnerId{});
  row.state = static_cast<CircleState>(query.integer(1));
  row.name = query.text(2);
  const auto inviter = static_cast<uint32_t>(query.integer(3));
  if (const HomeId* home = inviter == 0 ? nullptr : homeName(inviter)) row.inviter = *home;
  row.until_ms = query.integer(4);
  row.proof = query.text(5);
  row.passes = query.number(6);
  row.needs_pass = query.integer(7) != 0;
  return row;
}

std::vector<CircleRow> Reader::circles() {
  std::vector<CircleRow> rows;
  Query query = database_->query(kCircles);
  while (query.row()) rows.push_back(readCircle(query));
  return rows;
}

std::optional<CircleRow> Reader::circle(const model::OwnerId& id) {
  Query query = database_->query(kCircle);
  if (!query.bind(ownerNumber(id)).row()) return std::nullopt;
  return readCircle(query);
}

bool Reader::knowsCharter(const model::OwnerId& circle, std::string_view hash) {
  return database_->query("SELECT 1 FROM circle_charter WHERE owner=? AND hash=?").bind(ownerNumber(circle)).bindBlob(hash).row();
}

std::vector<CircleGuest> Reader::circleGuests(const model::OwnerId& circle) {
  std::vector<CircleGuest> guests;
  Query query = database_->query("SELECT home, name, until_ms, accepted FROM circle_guest WHERE owner=? ORDER BY home");
  query.bind(ownerNumber(circle));
  while (query.row()) {
    const HomeId* home = homeName(static_cast<uint32_t>(query.integer(0)));
    if (home) guests.push_back({*home, query.text(1), query.integer(2), query.integer(3) != 0});
  }
  return guests;
}

std::map<HomeId, std::string> Reader::circleRemoved(const model::OwnerId& circle) {
  std::map<HomeId, std::string> removed;
  Query query = database_->query("SELECT home, proof FROM circle_removed WHERE owner=?");
  query.bind(ownerNumber(circle));
  while (query.row()) {
    const HomeId* home = homeName(static_cast<uint32_t>(query.integer(0)));
    if (home) removed.emplace(*home, query.text(1));
  }
  return removed;
}

std::set<HomeId> Reader::circleDistrusted(const model::OwnerId& circle) {
  std::set<HomeId> homes;
  Query query = database_->query("SELECT home FROM circle_distrust WHERE owner=?");
  query.bind(ownerNumber(circle));
  while (query.row()) {
    const HomeId* home = homeName(static_cast<uint32_t>(query.integer(0)));
    if (home) homes.insert(*home);
  }
  return homes;
}

std::string Reader::circleVote(const model::OwnerId& circle, uint64_t number) {
  Query query = database_->query("SELECT hash FROM circle_vote WHERE owner=? AND number=?");
  return query.bind(ownerNumber(circle)).bind(number).row() ? query.text(0) : std::string();
}

void Store::putCircle(const CircleRow& row) {
  const uint32_t inviter = row.inviter ? homeNumber(*row.inviter) : 0;
  database_->query("INSERT OR REPLACE INTO circle VALUES(?,?,?,?,?,?,?,?)")
      .bind(needOwner(row.id))
      .bind(static_cast<int>(row.state))
      .bindText(row.name)
      .bind(inviter)
      .bind(row.until_ms)
      .bindBlob(row.proof)
      .bind(row.passes)
      .bind(int{row.needs_pass})
      .run();
}

void Store::removeCircle(const model::OwnerId& id) {
  database_->query("DELETE FROM circle WHERE owner=?").bind(needOwner(id)).run();
}

void Store::putCharter(const model::OwnerId& circle, std::string_view hash) {
  database_->query("INSERT OR IGNORE INTO circle_charter VALUES(?,?)").bind(needOwner(circle)).bindBlob(hash).run();
}

void Store::putCircleGuest(const model::OwnerId& circle, const CircleGuest& guest) {
  const uint32_t home = homeNumber(guest.home);
  database_->query("INSERT OR REPLACE INTO circle_guest VALUES(?,?,?,?,?)")
      .bind(needOwner(circle))
      .bind(home)
      .bindText(guest.name)
      .bind(guest.until_ms)
      .bind(int{guest.accepted})
      .run();
}

void Store::removeCircleGuest(const model::OwnerId& circle, const HomeId& home) {
  database_->query("DELETE FROM circle_guest WHERE owner=? AND home=?").bind(needOwner(circle)).bind(homeNumber(home)).run();
}

void Store::putCircleRemoved(const model::OwnerId& circle, const HomeId& home, std::string_view proof) {
  const uint32_t number = homeNumber(home);
  if (proof.empty()) {
    database_->query("DELETE FROM circle_removed WHERE owner=? AND home=?").bind(needOwner(circle)).bind(number).run();
    return;
  }
  database_->query("INSERT OR REPLACE INTO circle_removed VALUES(?,?,?)")
      .bind(needOwner(circle))
      .bind(number)
      .bindBlob(proof)
      .run();
}

void Store::putCircleDistrust(const model::OwnerId& circle, const HomeId& home, std::optional<int64_t> since_ms) {
  const uint32_t number = homeNumber(home);
  if (!since_ms) {
    database_->query("DELETE FROM circle_distrust WHERE owner=? AND home=?").bind(needOwner(circle)).bind(number).run();
    return;
  }
  database_->query("INSERT OR IGNORE INTO circle_distrust VALUES(?,?,?)")
      .bind(needOwner(circle))
      .bind(number)
      .bind(*since_ms)
      .run();
}

void Store::putCircleVote(const model::OwnerId& circle, uint64_t number, std::string_view hash) {
  database_->query("INSERT OR IGNORE INTO circle_vote VALUES(?,?,?)").bind(needOwner(circle)).bind(number).bindBlob(hash).run();
}

void Store::removeCursors(const model::OwnerId& owner) {
  const uint32_t number = needOwner(owner);
  database_->query("DELETE FROM cursor WHERE owner=?").bind(number).run();
  database_->query("DELETE FROM peer_feed WHERE owner=?").bind(number).run();
}

}  // namespace hearthgate::store
