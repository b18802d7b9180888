#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "cli/tuning.h"

namespace hearthgate::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 4;
constexpr size_t kNameColumn = 14;

bool startsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// The character that begins at `at`; the text is UTF-8 (safe() made it so).
char32_t characterAt(const std::string& text, size_t at) {
  unsigned char first = static_cast<unsigned char>(text[at]);
  size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  char32_t value = more == 0 ? first : first & (0x3Fu >> more);
  for (size_t i = 1; i <= more && at + i < text.size(); ++i)
    value = (value << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  return value;
}

// Columns of a terminal: two for East Asian wide characters and pictures (Unicode Standard Annex 11), none for marks
// that stand over the character before them.
size_t columnsOf(char32_t c) {
  auto between = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  if (between(0x300, 0x36F) || between(0x20D0, 0x20FF) || between(0xFE00, 0xFE0F) || c == 0x200D || c == 0x200B)
    return 0;
  bool wide = between(0x1100, 0x115F) || between(0x2E80, 0xA4CF) || between(0xAC00, 0xD7A3) ||
              between(0xF900, 0xFAFF) || between(0xFE30, 0xFE6F) || between(0xFF00, 0xFF60) ||
              between(0xFFE0, 0xFFE6) || between(0x1F300, 0x1F64F) || between(0x1F680, 0x1F6FF) ||
              between(0x1F900, 0x1FAFF) || between(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

}  // namespace

size_t width(const std::string& text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (startsCharacter(text[at])) columns += columnsOf(characterAt(text, at));
  }
  return columns;
}

std::string fit(const std::string& text, size_t columns) {
  if (width(text) <= columns) return text;
  size_t used = 0;
  size_t end = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!startsCharacter(text[at])) continue;
    size_t takes = columnsOf(characterAt(text, at));
    end = at;
    // One column is for the mark of what is missing.
    if (used + takes >= columns && takes > 0) break;
    used += takes;
  }
  return text.substr(0, end) + "…";
}

Table::Table(std::vector<std::string> heading, std::set<size_t> whole)
    : rows_{std::move(heading)}, whole_(std::move(whole)) {}

void Table::add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

void Table::print(std::ostream& out, const std::string& when_empty) const {
  if (rows_.size() == 1) {
    out << when_empty << "\n";
    return;
  }
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  size_t gaps = kGap * (widths.size() - 1);
  while (std::accumulate(widths.begin(), widths.end(), gaps) > kColumns) {
    size_t widest = widths.size();
    for (size_t i = 0; i < widths.size(); ++i) {
      if (whole_.contains(i) || widths[i] <= kNarrowest) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) break;
    --widths[widest];
  }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      std::string cell = fit(row[i], widths[i]);
      bool last = i + 1 == widths.size();
      line += cell + (last ? "" : std::string(widths[i] - width(cell) + kGap, ' '));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  }
}

void printField(std::ostream& out, const std::string& name, const std::string& value) {
  size_t gap = width(name) < kNameColumn ? kNameColumn - width(name) : 1;
  out << fit("  " + name + std::string(gap, ' ') + value, kColumns) << "\n";
}

}  // namespace hearthgate::cli
