#include "store/rules_codec.h"

#include "base/utf8.h"
#include "model/address.h"
#include "model/codec.h"

namespace hearthgate::store {
namespace {
Error bad() { return inputError("bad_rules", "Rules could not be read: their bytes are broken or beyond the limits."); }
}  // namespace

std::string encodeRules(const model::Rules& rules) {
  std::string out;
  model::ByteWriter writer(&out);
  writer.number(rules.lists.size());
  for (const model::AccessRows& rows : rules.lists) {
    writer.number(rows.size());
    for (const model::AccessRow& row : rows) {
      writer.bytes(row.pattern);
      writer.byte(static_cast<uint8_t>(static_cast<uint8_t>(row.access) | (row.until_ms ? 4 : 0)));
      if (row.until_ms) writer.signedNumber(*row.until_ms);
    }
  }
  writer.number(rules.strategies.size());
  for (const model::StrategyRow& row : rules.strategies) {
    writer.byte(static_cast<uint8_t>(row.scope));
    writer.bytes(row.pattern);
    writer.bytes(row.strategy);
  }
  return out;
}

namespace {

Result<model::Rules> decode(std::string_view bytes, size_t max_lists, size_t max_rows, size_t max_strategies) {
  model::ByteReader in(bytes);
  model::Rules rules;
  size_t total = 0;
  size_t lists = in.count();
  if (lists > max_lists) return bad();
  for (size_t i = 0; i < lists; ++i) {
    model::AccessRows rows;
    size_t count = in.count(2);
    total += count;
    if (total > max_rows) return bad();
    for (size_t k = 0; k < count; ++k) {
      model::AccessRow row;
      row.pattern = in.bytes();
      uint8_t flags = in.byte();
      if ((flags & 3) > 2 || flags > 7) return bad();
      row.access = static_cast<model::Access>(flags & 3);
      if (flags & 4) row.until_ms = in.signedNumber();
      if (in.ok() && !model::checkPattern(row.pattern).ok()) return bad();
      rows.push_back(std::move(row));
    }
    rules.lists.push_back(std::move(rows));
  }
  size_t strategies = in.count(3);
  if (strategies > max_strategies) return bad();
  for (size_t k = 0; k < strategies; ++k) {
    model::StrategyRow row;
    uint8_t scope = in.byte();
    if (scope > static_cast<uint8_t>(model::StrategyRow::Scope::kDefault)) return bad();
    row.scope = static_cast<model::StrategyRow::Scope>(scope);
    row.pattern = in.bytes();
    row.strategy = in.bytes();
    if (row.pattern.size() > 255 || row.strategy.size() > 255) return bad();
    // People are shown it. What stands in the database already is shown as well as it can be.
    const bool from_a_link = max_strategies != SIZE_MAX;
    if (from_a_link && displayName(row.strategy, row.strategy.size()) != row.strategy) return bad();
    rules.strategies.push_back(std::move(row));
  }
  if (!in.ok() || !in.atEnd()) return bad();
  return rules;
}

}  // namespace

Result<model::Rules> decodeRules(std::string_view bytes) { return decode(bytes, kMaxRuleLists, kMaxRuleRows, kMaxStrategyRows); }

Result<model::Rules> decodeStoredRules(std::string_view bytes) { return decode(bytes, SIZE_MAX, SIZE_MAX, SIZE_MAX); }

}  // namespace hearthgate::store
