// This home's own writes: what an order, a choice or a restore makes of an entity, and the one place where a version is made.
#include <algorithm>

#include "engine/core.h"
#include "model/limits.h"

namespace hearthgate::engine {

using model::Entry;
using model::Version;
using store::EntityRow;
using store::EntityState;

Status WriteOrder::put(const model::Json& document) {
  mode = Mode::kPut;
  if (model::mentionsTypes(document)) {
    fields = document;
    return {};
  }
  HG_TRY(fields_text, model::fieldsText(document));
  return {};
}

Result<Version> Core::make(EntityRow& row, Version version, const std::optional<model::Stamp>& stamp) {
  version.vector = row.siblings.size() == 1 ? row.siblings.front().vector : model::joinedVector(row.siblings);
  const store::OwnerRow& owner = writer_.owner(row.address.owner);
  bool has_entry = owner.replica && version.vector.at(*owner.replica) > 0;
  if (!has_entry && version.vector.size() >= model::kMaxVectorEntries) {
    return stateError("vector_full", row.address.id + " was written under 1,024 replica ids, the most that one entity holds, and "
                                                      "takes no further change from here; make it anew under another id.");
  }
  version.kind = row.kind;
  version.author = settings_.home;
  version.dot = writer_.nextDot(row.address.owner);
  version.stamp = stamp ? *stamp : writer_.nextStamp();
  // Only a damaged file says so: what is joined names no write of ours that we did not make.
  if (version.vector.at(version.dot.replica) >= version.dot.counter || version.dot.counter >= model::kMaxCounter) {
    return storageError("database_corrupt", "The count of this home's writes is behind what " + row.address.id +
                                                " says of them: the database is damaged (restore a backup, or start once with "
                                                "--recover)");
  }
  version.vector.raise(version.dot.replica, version.dot.counter);
  version.hash = model::contentHash(row.address, version);
  if (row.address.owner == me()) version.tag = settings_.ownerTag(version.hash);
  return version;
}

Result<Written> Core::writeDraft(EntityRow& row, Version draft) {
  bool created = row.siblings.empty() || std::all_of(row.siblings.begin(), row.siblings.end(),
                                                     [](const Version& version) { return version.deleted; });
  bool deleted = draft.deleted;
  HG_TRY(Version version, make(row, std::move(draft)));
  model::Siblings before = std::move(row.siblings);
  row.siblings.clear();
  row.siblings.push_back(std::move(version));
  settle(row, store::Origin::kLocal, before.size(), {&row.siblings.front()});
  if (!(row.address.owner == me()) && !row.address.owner.isCircle()) {
    // What the owner vouched for and this write was built on stays until the owner has this write (rule 8).
    model::Siblings base = store_.base(row.n);
    size_t known = base.size();
    for (Version& version_before : before) {
      if (version_before.tag) model::join(std::move(version_before), &base);
    }
    if (base.size() != known || !before.empty()) store_.putBase(row.n, base);
  }
  bool conflicted = row.conflicted;
  return Written{std::move(row), created && !deleted, conflicted};
}

const Version* Core::shownOf(const EntityRow& row, Version* merged) {
  if (row.state != EntityState::kLive || row.siblings.empty()) return nullptr;
  if (row.siblings.size() == 1) return &row.siblings.front();
  conflict::View view = conflict::view(strategyOf(row.address, row.kind).shown, row.siblings, row.address.owner);
  if (view.single) return view.single;
  model::setEntries(view.merged, merged);
  return merged;
}

Status Core::state(const EntityRow& row, const WriteOrder& order, bool afresh, Version* draft) {
  Version merged;
  const Version* shown = shownOf(row, &merged);
  bool patch = order.mode == WriteOrder::Mode::kPatch;
  bool typed = (shown && model::mentionsTypes(shown->fields)) || (!order.fields_text && model::mentionsTypes(order.fields));
  std::vector<model::Path> anew;
  if (typed) {
    model::Json document;
    if (order.fields_text) {
      HG_TRY(document, model::parseJson(*order.fields_text, model::kMaxDepth));
    }
    auto self = [&] { return writer_.replica(row.address.owner); };
    HG_TRY(model::Stated stated,
           model::stateFields(shown ? shown->fields : "{}", order.fields_text ? document : order.fields,
                              patch ? model::Extent::kPatch : model::Extent::kWhole, self));
    draft->fields = std::move(stated.fields);
    anew = std::move(stated.anew);
  } else if (patch) {
    HG_TRY(model::Leaves leaves, model::mergePatch(shown ? model::scanLeaves(shown->fields) : model::Leaves{}, order.fields));
    draft->fields = model::canonicalFields(leaves);
  } else if (order.fields_text) {
    draft->fields = *order.fields_text;
  } else {
    HG_TRY(draft->fields, model::fieldsText(order.fields));
  }
  if (afresh && !typed) return {};
  if (afresh) {
    const model::Leaves leaves = model::scanLeaves(draft->fields);
    const model::TypedFields fields(leaves);
    for (const model::Leaf& leaf : leaves) {
      if (!fields.of(leaf.path)) anew.push_back(leaf.path);
    }
    std::sort(anew.begin(), anew.end());
  }
  // Only what changed gets the new dot (rule 5).
  if (shown) model::keepDots(*shown, draft, anew);
  return {};
}

Status Core::checkPreconditions(const WriteOrder& order, const std::optional<EntityRow>& row) {
  bool exists = row && row->state == EntityState::kLive;
  if (order.if_none_match && exists) {
    return stateError("precondition_failed", order.address.id + " exists already (If-None-Match: *).");
  }
  if (!order.if_match) return {};
  std::string current;
  if (row && !row->siblings.empty()) {
    EffectiveStrategy strategy = strategyOf(row->address, row->kind);
    current = etag(conflict::view(strategy.shown, row->siblings, row->address.owner), row->siblings, strategy.name);
  }
  if (*order.if_match == "*" ? exists : (!current.empty() && *order.if_match == current)) return {};
  return stateError("precondition_failed", order.address.id + " has changed since it was read; read it again and repeat.");
}

Result<Written> Core::write(const WriteOrder& order) {
  HG_CHECK(model::checkEntityId(order.address.id));
  if (order.kind) HG_CHECK(model::checkKind(*order.kind));
  OwnAccess access = ownAccess(order.address);
  std::optional<EntityRow> found = store_.entity(order.address);
  bool visible = found && found->state != EntityState::kNoLongerShared;
  if (access == OwnAccess::kNone) {
    if (found && !visible) {
      return stateError("no_longer_shared", order.address.id + (order.address.owner.isCircle() ? " belongs to a circle that this home is no longer in."
                                                                                               : " is no longer shared with this home."));
    }
    return stateError("entity_not_found", "There is no " + order.address.id + " that this home may see.");
  }
  if (access == OwnAccess::kRead) {
    return stateError("read_only", "This home may read " + order.address.id + " but not write it; ask " +
                                       (order.address.owner.isCircle() ? "the keeper of its circle" : "its owner") + " for write.");
  }
  HG_CHECK(checkPreconditions(order, found));
  bool live = found && found->state == EntityState::kLive;
  if (order.mode != WriteOrder::Mode::kPut && !live) {
    bool gone = found && found->state == EntityState::kDeleted;
    if (gone) return stateError("entity_deleted", order.address.id + " was deleted; a PUT makes it again.");
    // What is shared again comes soon; a version of the changed fields alone would stand beside it and hide the rest.
    if (found && !visible) {
      return stateError("no_longer_shared", order.address.id + " was no longer shared, and its content has not come again; wait "
                                                               "for it, or PUT it whole.");
    }
    if (order.mode == WriteOrder::Mode::kDelete) {
      return stateError("entity_not_found", "There is no " + order.address.id + " to delete.");
    }
  }
  // Also after a deletion: the first version fixed the kind, and the history is still of it.
  if (found && order.kind && *order.kind != found->kind) {
    return stateError("kind_differs", order.address.id + " is of kind " + found->kind + ", and a kind cannot change.");
  }
  EntityRow row = found ? std::move(*found) : newRow(order.address, order.kind.value_or("state"));

  Version draft;
  draft.reason = order.reason;
  if (order.mode == WriteOrder::Mode::kDelete) {
    draft.deleted = true;
    draft.reason = model::Reason::kDelete;
    return writeDraft(row, std::move(draft));
  }
  HG_CHECK(state(row, order, false, &draft));
  return writeDraft(row, std::move(draft));
}

Result<Written> Core::restoreVersion(const model::Address& address, const std::string& version_id) {
  auto row = store_.entity(address);
  OwnAccess access = ownAccess(address);
  if (!row || access == OwnAccess::kNone) {
    return stateError("entity_not_found", "There is no " + address.id + " that this home may see.");
  }
  if (access == OwnAccess::kRead) return stateError("read_only", "This home may read " + address.id + " but not write it.");
  auto version = store_.historyVersion(row->n, version_id);
  if (!version) return noVersion(store_, *row, version_id);
  Version draft;
  draft.deleted = version->deleted;
  draft.reason = model::Reason::kRestore;
  if (!draft.deleted) {
    WriteOrder order;
    HG_TRY(model::Json document, model::statementOf(version->fields));
    HG_CHECK(order.put(document));
    HG_CHECK(state(*row, order, true, &draft));
  }
  return writeDraft(*row, std::move(draft));
}

Result<Written> Core::resolve(int64_t number, const std::optional<std::string>& take,
                              const std::optional<model::Json>& fields) {
  auto record = store_.conflict(number);
  if (!record) return stateError("conflict_not_found", "There is no conflict " + std::to_string(number) + ".");
  auto row = store_.entity(record->entity);
  if (!row) return stateError("entity_not_found", "The entity of this conflict is gone.");
  OwnAccess access = ownAccess(row->address);
  if (access != OwnAccess::kOwner && access != OwnAccess::kWrite) {
    return stateError("read_only", "This home may not write " + row->address.id + "; its owner has to decide.");
  }
  // One choice, whoever was first; what a strategy decided may still be chosen otherwise.
  bool chosen_already = record->state == store::ConflictState::kResolved && record->outcome &&
                        record->outcome->reason == model::reasonText(model::Reason::kResolution);
  if (chosen_already) {
    return stateError("conflict_closed", "Conflict " + std::to_string(number) + " was resolved already, by " +
                                             record->outcome->by + "; to change what " + row->address.id +
                                             " says, write it or restore a version.");
  }
  const Version* chosen = nullptr;
  for (const Version& version : record->versions) {
    if (take && version.id() == *take) chosen = &version;
  }
  if (take && !chosen) {
    return stateError("version_not_found", "Conflict " + std::to_string(number) + " has no version " + *take + ".");
  }
  Version draft;
  draft.reason = model::Reason::kResolution;
  if (chosen && chosen->deleted) {
    draft.deleted = true;
  } else if (chosen) {
    model::Entries entries = conflict::chosen(*chosen, row->siblings);
    const model::TypedFields typed(entries);
    for (Entry& entry : entries) {
      if (!typed.of(entry.path)) entry.dot = {};  // As in a statement of the whole, see state().
    }
    model::setEntries(entries, &draft);
  } else {
    WriteOrder order;
    HG_CHECK(order.put(fields.value()));
    HG_CHECK(state(*row, order, true, &draft));
  }
  return writeDraft(*row, std::move(draft));
}

}  // namespace hearthgate::engine
