// The text of GET /metrics: families with HELP and TYPE once each, whatever the order in which their series come.
// prometheus-cpp writes the format. One for each request.
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/distribution.h"

namespace hearthgate::api {

using Labels = std::initializer_list<std::pair<const char*, std::string_view>>;

class MetricsText {
 public:
  // `name` without the prefix hearthgate_; a counter's ends in _total.
  void gauge(const char* name, const char* help, double value, Labels labels = {});
  void counter(const char* name, const char* help, double value, Labels labels = {});
  void histogram(const char* name, const char* help, const Distribution& values, Labels labels = {});
  // The exposition format 0.0.4.
  std::string text() const;

 private:
  prometheus::ClientMetric& series(const char* name, const char* help, prometheus::MetricType type, Labels labels);
  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, size_t, std::less<>> places_;
};

}  // namespace hearthgate::api
