// GET /metrics: what is counted where, and that label sets stay bounded whatever other homes send.
#include <set>
#include <sstream>

#include "base/distribution.h"
#include "unit/api/served_home.h"

namespace hearthgate::api {

TEST(DistributionTest, CountsEachValueInEveryBucketThatHoldsIt) {
  Distribution values({1, 10});
  for (double value : {0.5, 1.0, 2.0, 11.0}) values.add(value);
  Distribution::Counts counts = values.read();
  EXPECT_EQ(counts.at_most, (std::vector<uint64_t>{2, 3, 4}));
  EXPECT_DOUBLE_EQ(counts.sum, 14.5);
}

class Metrics : public ServedHome {
 protected:
  // The value of a series as it is written; empty when it is not there.
  std::string value(const std::string& series) {
    text_ = get("/metrics").body;
    size_t at = text_.find("\nhearthgate_" + series + " ");
    if (at == std::string::npos) return "";
    at += series.size() + 13;
    return text_.substr(at, text_.find('\n', at) - at);
  }
  size_t count(const std::string& words) {
    size_t found = 0;
    for (size_t at = text_.find(words); at != std::string::npos; at = text_.find(words, at + 1)) ++found;
    return found;
  }
  std::string text_;
};

TEST_F(Metrics, TellsOfEveryPartOfTheGateway) {
  HomeId city = pair("City");
  homes_.home_state.state = "connected";
  homes_.home_state.to_send = 7;
  put("light.a", "{}");
  std::string home = city.text().substr(0, 8);
  EXPECT_EQ(value("homes_known"), "1");
  EXPECT_EQ(value("home_link_state{home=\"" + home + "\",state=\"connected\"}"), "1");
  EXPECT_EQ(value("home_link_state{home=\"" + home + "\",state=\"offline\"}"), "0");
  EXPECT_EQ(value("home_lag_entities{home=\"" + home + "\",direction=\"send\"}"), "7");
  EXPECT_EQ(value("entities_by_kind{owner=\"" + me().substr(0, 8) + "\",kind=\"state\",state=\"live\"}"), "1");
  EXPECT_EQ(value("history_rows"), "1");
  EXPECT_EQ(value("plugin_state{plugin=\"lan\",state=\"running\"}"), "1");
  EXPECT_EQ(value("feed_sequence"), std::to_string(engine_->sequence()));
  for (const char* series : {"database_bytes", "process_resident_memory_bytes", "process_open_fds", "process_threads",
                             "process_start_time_seconds", "commits_total", "commit_group_size_count"}) {
    EXPECT_GT(std::stod("0" + value(series)), 0) << series;
  }
  EXPECT_EQ(text_.find("City"), std::string::npos);
  EXPECT_EQ(text_.find(city.text()), std::string::npos) << "whole ids tell more than a figure needs";
}

TEST_F(Metrics, CountsRequestsByRouteAndNotByWhatWasAsked) {
  for (int i = 0; i < 30; ++i) get("/entities/light.n" + std::to_string(i));
  for (int i = 0; i < 30; ++i) get("/nothing" + std::to_string(i));
  EXPECT_EQ(value("http_requests_total{method=\"GET\",route=\"/api/v1/entities/{id}\",status=\"404\"}"), "30");
  EXPECT_EQ(value("http_requests_total{method=\"none\",route=\"none\",status=\"404\"}"), "30");
  EXPECT_EQ(value("http_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/entities/{id}\"}"), "30");
  EXPECT_EQ(count("light.n"), 0u);
}

TEST_F(Metrics, GathersKindsBeyondTwentyOfAnOwner) {
  std::string lines;
  for (int i = 0; i < 50; ++i) {
    std::string n = std::to_string(i);
    lines.append("{\"id\":\"a.n").append(n).append("\",\"kind\":\"k").append(n).append("\",\"fields\":{}}\n");
  }
  bulk(lines);
  EXPECT_EQ(value("entities_by_kind{owner=\"" + me().substr(0, 8) + "\",kind=\"OTHER\",state=\"live\"}"), "30");
  EXPECT_EQ(count("hearthgate_entities_by_kind{"), 3u * 21u);
  EXPECT_EQ(value("entities"), "50");
}

TEST_F(Metrics, WritesHelpAndTypeOnceForEachFamily) {
  pair("City");
  pair("Beach");
  value("homes_known");
  size_t families = count("# TYPE ");
  EXPECT_EQ(count("# HELP "), families);
  EXPECT_GT(families, 40u);
  std::set<std::string> seen;
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(seen.insert(line).second) << line;
  }
}

TEST_F(Metrics, CountsWrongTokens) {
  std::string before = value("http_wrong_tokens_total");
  raw("GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer wrong\r\n\r\n");
  EXPECT_EQ(std::stod(value("http_wrong_tokens_total")), std::stod(before) + 1);
}

}  // namespace hearthgate::api
