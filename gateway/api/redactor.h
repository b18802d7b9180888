// Takes names, ids, addresses, contents and secrets out of what a report shows (TRUST.md T34). What is the same stays
// the same within one report, so that one can follow it, and differs in every other, so that reports cannot be joined.
// One for each report; request threads.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace hearthgate::api {

class Redactor {
 public:
  explicit Redactor(Random& random);

  // Whole ids of homes and circles, whose starts are known from then on, too.
  void knowHome(const std::string& id);
  // Names of homes, machines, people; those of one letter only in quotes.
  void knowName(const std::string& name);

  // `home-k3xw2a7q` of a home's or circle's id; `circle-…`.
  std::string home(const std::string& id) const;
  // `address-k3xw2a7q (private)`.
  std::string address(std::string_view address) const;
  // `entity-…`, `kind-…`.
  std::string pseudonym(std::string_view what, std::string_view text) const;
  // A sentence or log line without what it must not tell.
  std::string text(std::string_view line) const;
  // The same of the text of GET /metrics, whose labels may hold ids and kinds.
  std::string metrics(const std::string& text) const;

 private:
  std::string word(const std::string& word) const;
  std::string withoutNames(std::string line) const;
  std::string key_;
  std::map<std::string, std::string> homes_;  // first eight letters → whole id
  std::vector<std::string> names_;            // the longest first
};

}  // namespace hearthgate::api
