#include <tuple>

#include "base/assert.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {
namespace {

#ifdef NDEBUG
constexpr bool kLookAtKeptRows = false;
#else
constexpr bool kLookAtKeptRows = true;  // in all tests under sanitizers
#endif

}  // namespace

std::optional<EntityRow> Store::entity(const model::Address& address) {
  if (database_->failed()) return std::nullopt;
  if (auto row = rows_.take(address)) {
    HG_ASSERT(!kLookAtKeptRows || isAsStored(*row));
    return row;
  }
  return Reader::entity(address);
}

bool Store::isAsStored(const EntityRow& row) {
  auto stored = Reader::entity(row.n);
  auto parts = [](const EntityRow& of) {
    return std::tie(of.n, of.address, of.kind, of.sequence, of.state, of.origin, of.conflicted, of.updated_ms, of.stored_bytes, of.recent);
  };
  if (database_->failed()) return true;
  return stored && parts(*stored) == parts(row) &&
         model::encodeSiblings(stored->siblings, row.kind, *this) == model::encodeSiblings(row.siblings, row.kind, *this);
}

uint64_t Store::feedEnd(const model::OwnerId& owner) {
  if (database_->failed()) return 0;
  auto known = feed_ends_.find(owner);
  if (known == feed_ends_.end()) known = feed_ends_.emplace(owner, Reader::feedEnd(owner)).first;
  return known->second;
}

void Store::putEntity(EntityRow* row) {
  auto end = feed_ends_.find(row->address.owner);
  if (end != feed_ends_.end()) {
    if (row->sequence >= end->second) {
      end->second = row->sequence;
    } else if (row->n != 0) {
      feed_ends_.erase(end);  // Perhaps it was the last one.
    }
  }
  std::string siblings = row->siblings.empty() ? std::string() : model::encodeSiblings(row->siblings, row->kind, *this);
  row->stored_bytes = siblings.size();
  if (row->n == 0) {
    database_->query("INSERT INTO entity(owner,id,kind,sequence,state,origin,conflicted,updated_ms,siblings,recent) VALUES(?,?,?,?,?,?,?,?,?,?)")
        .bind(needOwner(row->address.owner))
        .bindText(row->address.id)
        .bindText(row->kind)
        .bind(row->sequence)
        .bind(static_cast<int>(row->state))
        .bind(static_cast<int>(row->origin))
        .bind(int{row->conflicted})
        .bind(row->updated_ms)
        .bindBlob(siblings)
        .bindBlob(row->recent)
        .run();
    row->n = sqlite3_last_insert_rowid(database_->handle());
    return;
  }
  database_->query("UPDATE entity SET kind=?,sequence=?,state=?,origin=?,conflicted=?,updated_ms=?,siblings=?,recent=? WHERE n=?")
      .bindText(row->kind)
      .bind(row->sequence)
      .bind(static_cast<int>(row->state))
      .bind(static_cast<int>(row->origin))
      .bind(int{row->conflicted})
      .bind(row->updated_ms)
      .bindBlob(siblings)
      .bindBlob(row->recent)
      .bind(row->n)
      .run();
  rows_.put(*row);
}

void Store::removeEntity(EntityNumber n) {
  rows_.forget(n);
  removeHistory(n);
  feed_ends_.clear();
  database_->query("DELETE FROM entity WHERE n=?").bind(n).run();
  database_->query("DELETE FROM base WHERE entity=?").bind(n).run();
  database_->query("DELETE FROM history_trimmed WHERE entity=?").bind(n).run();
  removeConflicts(n);
}

void Store::setConflicted(EntityNumber n, bool conflicted) {
  rows_.forget(n);
  database_->query("UPDATE entity SET conflicted=? WHERE n=?").bind(int{conflicted}).bind(n).run();
}

void Store::putBase(EntityNumber n, const model::Siblings& siblings) {
  if (siblings.empty()) {
    database_->query("DELETE FROM base WHERE entity=?").bind(n).run();
    return;
  }
  std::string blob = model::encodeSiblings(siblings, kNoKind, *this);
  database_->query("INSERT INTO base VALUES(?,?) ON CONFLICT(entity) DO UPDATE SET siblings=excluded.siblings")
      .bind(n)
      .bindBlob(blob)
      .run();
}

void Store::putChange(const Change& change) {
  database_->query("INSERT INTO change VALUES(?,?,?,?,?,?) ON CONFLICT(n) DO UPDATE SET count=excluded.count")
      .bind(change.n)
      .bind(change.at_ms)
      .bind(homeNumber(change.home))
      .bindText(change.by)
      .bindText(change.how)
      .bind(change.count)
      .run();
}

void Store::putConflict(Conflict* conflict) {
  auto bindOutcome = [&](Query& query) {
    if (conflict->outcome) {
      query.bindText(conflict->outcome->version)
          .bindText(conflict->outcome->fields)
          .bindText(conflict->outcome->by)
          .bindText(conflict->outcome->reason);
    } else {
      query.bindNull().bindNull().bindNull().bindNull();
    }
  };
  if (conflict->n != 0) {
    Query query = database_->query(
        "UPDATE conflict SET state=?,strategy=?,lost=?,lost_fields=?,outcome_version=?,outcome_fields=?,outcome_by=?,outcome_reason=? WHERE n=?");
    query.bind(static_cast<int>(conflict->state)).bindText(conflict->strategy);
    query.bindText(conflict->lost).bindText(conflict->lost_fields);
    bindOutcome(query);
    query.bind(conflict->n).run();
    return;
  }
  std::string siblings = model::encodeSiblings(conflict->versions, kNoKind, *this);
  std::string base;
  if (conflict->base) base = model::encodeSiblings({*conflict->base}, kNoKind, *this);
  {
    Query query = database_->query(
        "INSERT INTO conflict(key,entity,at_ms,strategy,siblings,base,lost,lost_fields,state,outcome_version,"
        "outcome_fields,outcome_by,outcome_reason) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");
    query.bindText(conflict->key).bind(conflict->entity).bind(conflict->at_ms).bindText(conflict->strategy);
    query.bindBlob(siblings);
    conflict->base ? query.bindBlob(base) : query.bindNull();
    query.bindText(conflict->lost).bindText(conflict->lost_fields).bind(static_cast<int>(conflict->state));
    bindOutcome(query);
    query.run();
  }
  conflict->n = sqlite3_last_insert_rowid(database_->handle());
}

void Store::removeConflicts(EntityNumber n) { database_->query("DELETE FROM conflict WHERE entity=?").bind(n).run(); }

}  // namespace hearthgate::store
