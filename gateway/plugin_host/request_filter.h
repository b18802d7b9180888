// The one filter of every listener against foreign web pages and rebinding names (TRUST.md T22): the admin listener's
// and, as the capability `request_filter/1`, the plugins'. Any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hearthgate/host.h"

namespace hearthgate::plugin_host {

class HostFilter final : public sdk::RequestFilter {
 public:
  // `names`: the own `.local` name and those of the configuration, without port; compared without case.
  explicit HostFilter(const std::vector<std::string>& names = {});

  // 0, or 400 for a request with no Host, 403 for a foreign Host, Origin or Sec-Fetch-Site.
  uint32_t check(const sdk::Request& request) override;

 private:
  bool knows(std::string_view host) const;
  std::set<std::string> names_;
};

}  // namespace hearthgate::plugin_host
