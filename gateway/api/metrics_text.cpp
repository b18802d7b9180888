#include "api/metrics_text.h"

#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>

namespace hearthgate::api {

prometheus::ClientMetric& MetricsText::series(const char* name, const char* help, prometheus::MetricType type,
                                              Labels labels) {
  auto [place, fresh] = places_.try_emplace(name, families_.size());
  if (fresh) families_.push_back({std::string("hearthgate_").append(name), help, type, {}});
  prometheus::ClientMetric& metric = families_[place->second].metric.emplace_back();
  for (const auto& [label, value] : labels) metric.label.push_back({label, std::string(value)});
  return metric;
}

void MetricsText::gauge(const char* name, const char* help, double value, Labels labels) {
  series(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void MetricsText::counter(const char* name, const char* help, double value, Labels labels) {
  series(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void MetricsText::histogram(const char* name, const char* help, const Distribution& values, Labels labels) {
  auto& out = series(name, help, prometheus::MetricType::Histogram, labels).histogram;
  Distribution::Counts counts = values.read();
  out.sample_count = counts.at_most.back();
  out.sample_sum = counts.sum;
  for (size_t i = 0; i < values.bounds().size(); ++i) out.bucket.push_back({counts.at_most[i], values.bounds()[i]});
  out.bucket.push_back({counts.at_most.back(), std::numeric_limits<double>::infinity()});
}

std::string MetricsText::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_);
  return std::move(out).str();
}

}  // namespace hearthgate::api
